// Payloads that Xen refuses, each for one reason, as data: ABI reference §2. What stock tools do
// not make is made by changing bytes of a good file.

import { openElf } from "../../../src/elf/open.ts";
import { requireSection } from "../../../src/elf/sections.ts";
import type { ErrnoName } from "../../../src/xen-abi/errno.ts";
import type { StockRecipe } from "../../stock-payload.ts";
import { build, extraVersion, withCode } from "../contract-payloads.ts";
import type { XenImage } from "../xen-image.ts";

export interface RefusedUpload {
  readonly what: string;
  readonly bytes: (xen: XenImage) => Uint8Array;
  /** Of some releases where they differ; `else` of the others. */
  readonly errno: ErrnoName | (Readonly<Record<string, ErrnoName>> & { readonly else: ErrnoName });
  /** In our message. */
  readonly says: RegExp;
}

const E_TYPE = 16;
const E_MACHINE = 18;
const E_SHOFF = 40;
const SECTION_HEADER_SIZE = 64;
const SH_ADDRALIGN = 48;
const FUNC_VERSION = 32;
const NOTE_TYPE = 8;
const R_ADDEND = 16;

export const refusedUploads: readonly RefusedUpload[] = [
  {
    what: "bytes that are no ELF file",
    bytes: () => new Uint8Array(200).fill(0x5a),
    errno: "EINVAL",
    says: /not a live-patch payload for this machine/,
  },
  {
    what: "a file cut in the middle",
    bytes: (xen) => {
      const whole = good(xen);
      return whole.subarray(0, whole.length >> 1);
    },
    errno: "EINVAL",
    says: /malformed|not a live-patch payload/,
  },
  {
    what: "a payload for AArch64",
    bytes: (xen) => changed(good(xen), (view) => view.setUint16(E_MACHINE, 183, true)),
    errno: "EOPNOTSUPP",
    says: /not a live-patch payload for this machine/,
  },
  {
    what: "an executable",
    bytes: (xen) => changed(good(xen), (view) => view.setUint16(E_TYPE, 2, true)),
    errno: "EOPNOTSUPP",
    says: /not a live-patch payload for this machine/,
  },
  {
    what: "a section with an alignment of 3",
    bytes: (xen) =>
      changed(good(xen), (view) => {
        const { index } = requireSection(openElf(good(xen), "payload"), ".livepatch.funcs");
        const table = Number(view.getBigUint64(E_SHOFF, true));
        view.setBigUint64(table + index * SECTION_HEADER_SIZE + SH_ADDRALIGN, 3n, true);
      }),
    errno: "EOPNOTSUPP",
    says: /refused|not accepted by this release/,
  },
  {
    what: "a payload for another hypervisor",
    bytes: (xen) => made({ ...extraVersion(xen, ".e"), xenBuildId: "12".repeat(20) }),
    errno: "EINVAL",
    says: /another hypervisor build/,
  },
  {
    what: "a payload that names no hypervisor",
    bytes: (xen) => made({ ...extraVersion(xen, ".e"), xenBuildId: undefined }),
    errno: "EINVAL",
    says: /section "\.livepatch\.depends" is missing|made for another hypervisor/,
  },
  {
    what: "a dependency that is no build-id",
    bytes: (xen) => inSection(good(xen), ".livepatch.depends", NOTE_TYPE, 1),
    errno: { "4.20": "ENODATA", else: "EINVAL" },
    says: /build-id|malformed/,
  },
  {
    what: "entries of payload version 1",
    bytes: (xen) => made({ ...extraVersion(xen, ".e"), version: 1 }),
    errno: "EINVAL",
    says: /malformed/,
  },
  {
    what: "entries of a version to come",
    bytes: (xen) => inSection(good(xen), ".livepatch.funcs", FUNC_VERSION, 3),
    errno: "EOPNOTSUPP",
    says: /function table has version 3/,
  },
  {
    what: "a symbol that nobody has",
    bytes: (xen) => withAssembly(xen, ".quad test_symbol_of_nobody"),
    errno: "ENOENT",
    says: /has a symbol "test_symbol_of_nobody"/,
  },
  {
    what: "a function to be patched that does not exist",
    bytes: (xen) => withEntry(xen, { name: "test_function_of_nobody" }),
    errno: "ENOENT",
    says: /"test_function_of_nobody", does not exist/,
  },
  {
    what: "a symbol that the hypervisor has",
    bytes: (xen) => made(withCode(extraVersion(xen, ".e"), "const char xen_changeset[4] = {1};")),
    errno: "EEXIST",
    says: /symbol "xen_changeset" exists already/,
  },
  {
    what: "a relocation of 32 bits",
    bytes: (xen) => withAssembly(xen, "test_place: .long test_place"),
    errno: "EOPNOTSUPP",
    says: /relocation of type 10/,
  },
  {
    what: "a relocation that does not reach",
    // Bits 32 and up of the first relocation's r_addend.
    bytes: (xen) => inSection(good(xen), ".rela.text", R_ADDEND + 4, 0x7f),
    errno: "EOVERFLOW",
    says: /does not reach its target/,
  },
  {
    what: "a section for both code and writing",
    bytes: (xen) => withAssembly(xen, '.section .test_both,"awx",@progbits\n.byte 1'),
    errno: "EOPNOTSUPP",
    says: /not accepted by this release/,
  },
  {
    what: "a symbol in a common block",
    bytes: (xen) => withAssembly(xen, ".comm test_common, 8, 8"),
    errno: "EINVAL",
    says: /malformed/,
  },
  {
    what: "NOPs over more than 31 bytes",
    bytes: (xen) => withEntry(xen, { by: { nopBytes: 32 }, oldSize: 64 }),
    errno: "EOPNOTSUPP",
    says: /not accepted by this release/,
  },
  {
    what: "NOPs over more than the function",
    bytes: (xen) => withEntry(xen, { by: { nopBytes: 9 }, oldSize: 8 }),
    errno: "EINVAL",
    says: /malformed/,
  },
  {
    what: "a function of no size",
    bytes: (xen) => withEntry(xen, { oldSize: 0 }),
    errno: "EINVAL",
    says: /malformed/,
  },
  {
    what: "a function too small for a jump",
    bytes: (xen) => withEntry(xen, { oldSize: 4 }),
    errno: "EINVAL",
    says: /malformed/,
  },
  {
    what: "neither functions nor hooks",
    bytes: (xen) => made({ ...extraVersion(xen, ".e"), functions: [] }),
    errno: "EINVAL",
    says: /neither functions nor hooks/,
  },
  {
    what: "two hooks where one is allowed",
    bytes: (xen) => {
      const code = "int test_hook(void *payload) { (void)payload; return 0; }";
      const hooks = { preapply: ["test_hook", "test_hook"] };
      return made({ ...withCode(extraVersion(xen, ".e"), code), hooks });
    },
    errno: "EINVAL",
    says: /malformed/,
  },
  {
    what: "metadata without an end",
    bytes: (xen) => {
      const bytes = made({ ...extraVersion(xen, ".e"), metadata: ["a=b"] });
      return inSection(bytes, ".modinfo", "a=b".length, 0x63);
    },
    errno: "EINVAL",
    says: /malformed/,
  },
];

function good(xen: XenImage): Uint8Array {
  return made(extraVersion(xen, ".e"));
}

function made(recipe: StockRecipe): Uint8Array {
  return build(recipe).bytes;
}

function withAssembly(xen: XenImage, assembly: string): Uint8Array {
  const text = assembly.replaceAll("\n", "\\n").replaceAll('"', '\\"');
  const code = `asm(".pushsection .rodata\\n${text}\\n.popsection\\n");`;
  return made(withCode(extraVersion(xen, ".e"), code));
}

function withEntry(xen: XenImage, changes: Partial<StockRecipe["functions"][number]>): Uint8Array {
  const recipe = extraVersion(xen, ".e");
  return made({
    ...recipe,
    functions: recipe.functions.map((entry) => ({ ...entry, ...changes })),
  });
}

function changed(bytes: Uint8Array, change: (view: DataView) => void): Uint8Array {
  const copy = Uint8Array.from(bytes);
  change(new DataView(copy.buffer));
  return copy;
}

function inSection(bytes: Uint8Array, name: string, at: number, value: number): Uint8Array {
  const section = requireSection(openElf(bytes, "payload"), name);
  return changed(bytes, (view) => view.setUint8(section.offset + at, value));
}
