// Payloads with tables of their own, good and bad, and those that kill a hypervisor: ABI reference
// §2.10 and §8.2. Made by assembly in otherwise good payloads.

import { blankOf, type IdleFunction, named, recipe, withCode } from "./differential-payloads.ts";
import type { Step } from "./differential-script.ts";
import type { StandardUpload } from "./differential-standard.ts";
import type { XenImage } from "./xen-image.ts";

const FUNCTION: IdleFunction = "xen_extra_version";
/** An initial function in every release; its memory is gone after boot. */
const INIT_FUNCTION = "xen_build_init";

/** Six bytes of code, and five to put there. */
const alternativeCode = ".text\\n 771: .fill 6, 1, 0x90\\n 772:\\n";
const replacement = '.section .altinstr_replacement,\\"ax\\"\\n 773: .fill 5, 1, 0x90\\n 774:\\n';

interface AlternativeForm {
  readonly original: string;
  readonly replacement: string;
  readonly originalSize: number;
  readonly replacementSize: number;
  readonly paddingSize: number;
  readonly feature: number;
}

const good: AlternativeForm = {
  original: "771b",
  replacement: "773b",
  originalSize: 6,
  replacementSize: 5,
  paddingSize: 0,
  feature: 0,
};

/** All of the replacement's section, and a byte more: of the code, and behind it. */
const paddedAtEnd = { original: "773b", originalSize: 5, paddingSize: 1 };

function alternativeEntry(form: AlternativeForm): string {
  const { original, replacement, feature, originalSize, replacementSize, paddingSize } = form;
  return [
    `.long ${original} - ., ${replacement} - .`,
    `.word ${feature}`,
    `.byte ${originalSize}, ${replacementSize}, ${paddingSize}, 0`,
  ].join("\\n");
}

export function tableUploads(xen: XenImage): readonly StandardUpload[] {
  const withTable = (what: string, assembly: string): StandardUpload => {
    const code = `asm(".pushsection .rodata\\n${assembly}\\n.popsection");`;
    return { what, bytes: named(what, withCode(recipe(xen, "tb", [FUNCTION]), code)).bytes };
  };
  const section = (name: string, flags: string, content: string) =>
    `.section ${name},\\"${flags}\\",@progbits\\n${content}`;
  const alternatives = (change: Partial<AlternativeForm>) => {
    const entry = alternativeEntry({ ...good, ...change });
    return alternativeCode + replacement + section(".altinstructions", "a", entry);
  };
  return [
    withTable("an alternative", alternatives({})),
    withTable("an alternative longer than the original", alternatives({ originalSize: 4 })),
    withTable("an alternative for no feature", alternatives({ feature: 0x7fff })),
    withTable("an alternative outside of the code", alternatives({ original: "773b" })),
    withTable("an alternative of data", alternatives({ original: "." })),
    withTable("an alternative of the page below", alternatives({ original: "771b - 0x1000" })),
    withTable("an alternative of Xen's code", alternatives({ original: "xen_extra_version" })),
    withTable("an alternative of Xen's data", alternatives({ original: "kexec_crash_area" })),
    withTable("a replacement on the page below", alternatives({ replacement: "773b - 0x1000" })),
    withTable("a replacement in Xen's code", alternatives({ replacement: "xen_extra_version" })),
    withTable("an alternative with padding behind it", alternatives(paddedAtEnd)),
    withTable("half an alternative", section(".altinstructions", "a", ".zero 13")),
    withTable("no alternatives", section(".altinstructions", "a", "")),
    withTable("alternatives without code", section(".altinstructions", "a", ".zero 14")),
    withTable("half a bug frame", section(".bug_frames.2", "a", ".zero 4")),
    withTable("no bug frames", section(".bug_frames.1", "a", "")),
    withTable("bug frames of a fifth type", section(".bug_frames.4", "a", ".zero 3")),
    withTable("half an exception", section(".ex_table", "a", ".zero 4")),
    withTable("no exceptions", section(".ex_table", "a", "")),
    withTable("exceptions", section(".ex_table", "a", ".long 1, 2, 3, 4")),
    withTable("sites of calls", section(".alt_call_sites", "a", ".zero 3")),
    withTable("metadata that is not loaded", section(".modinfo", "", '.asciz \\"a=b\\"')),
    withTable("empty metadata", section(".modinfo", "a", "")),
    withTable("an empty hook", section(".livepatch.hooks.apply", "a", "")),
    withTable("a hook that is none", section(".livepatch.hooks.postapply", "a", ".quad 0")),
    withTable("half a load hook", section(".livepatch.hooks.load", "a", ".long 0")),
    withTable("a hook that is not loaded", section(".livepatch.hooks.load", "", ".quad 0")),
    withTable("a single hook that is not loaded", section(".livepatch.hooks.apply", "", ".quad 0")),
    withTable("an exception that is not loaded", section(".ex_table", "", ".long 1, 2")),
    withTable("exceptions that are not loaded", section(".ex_table", "", ".long 1, 2, 3, 4")),
    withTable("a frame that is not loaded", section(".bug_frames.0", "", ".zero 8")),
    initFunction(xen, "code that is gone after boot"),
  ];
}

/** More than one step to die. */
export function deadlyScripts(
  xen: XenImage,
): readonly { readonly what: string; readonly steps: readonly Step[] }[] {
  return [
    {
      what: "NOPs over an ENDBR64",
      steps: [
        { do: "upload", name: "a", bytes: overEndbr(xen) },
        { do: "apply", name: "a" },
      ],
    },
    { what: "a check of code in a payload that is gone", steps: dangling(xen) },
    {
      what: "an apply hook that does nothing, and says that it did",
      steps: [
        { do: "upload", name: "a", bytes: lyingHook(xen) },
        { do: "apply", name: "a" },
      ],
    },
  ];
}

function initFunction(xen: XenImage, what: string): StandardUpload {
  const base = recipe(xen, "in", []);
  const { size } = xen.functionNamed(INIT_FUNCTION);
  const code = "const char *in_body(void) { return 0; }";
  const functions = [
    { name: INIT_FUNCTION, oldSize: size, by: { symbol: "in_body" }, oldAddress: "by-symbol" },
  ] as const;
  return { what, bytes: named(what, { ...withCode(base, code), functions }).bytes };
}

function overEndbr(xen: XenImage): Uint8Array {
  // Set as a handler of interrupts, so it is marked in every build with IBT.
  const name = "ack_nonmaskable_msi_irq";
  const { size } = xen.functionNamed(name);
  const functions = [{ name, oldSize: size, by: "guard" }] as const;
  return named("endbr", { ...recipe(xen, "ne", []), functions }).bytes;
}

function lyingHook(xen: XenImage): Uint8Array {
  const base = recipe(xen, "lh", [FUNCTION]);
  const code = "int lh_hook(void *payload) { (void)payload; return 0; }";
  return named("lying", { ...withCode(base, code), hooks: { apply: ["lh_hook"] } }).bytes;
}

function dangling(xen: XenImage): readonly Step[] {
  const base = recipe(xen, "da", [FUNCTION]);
  const low = named("low", withCode(base, "int da_code(void) { return 7; }"));
  const entry = { name: "da_code", oldSize: 6, by: "guard", expectation: "b807" } as const;
  const up = named("up", {
    ...recipe(xen, "db", []),
    functions: [{ ...blankOf(xen, "xen_deny"), by: { nopBytes: 5 } }, entry],
  });
  return [
    { do: "upload", name: "low", bytes: low.bytes },
    { do: "upload", name: "up", bytes: up.bytes },
    { do: "unload", name: "low" },
    { do: "apply", name: "up" },
  ];
}
