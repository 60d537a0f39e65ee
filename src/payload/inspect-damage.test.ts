// One kind of damage after the other, and what inspectPayload() says of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SectionFlag } from "../elf/constants.ts";
import type { DraftSection, ElfDraft } from "../elf/draft.ts";
import { draftFrom } from "../elf/draft-from.ts";
import { readElf } from "../elf/read.ts";
import { writeElf } from "../elf/write.ts";
import { inspectPayload } from "./inspect.ts";
import { stockPayload } from "./stock.test.support.ts";

const SOURCE = "fix.livepatch";

interface Damage {
  readonly what: string;
  /** Edits the draft of the stock payload. */
  readonly edit: (draft: ElfDraft, section: (name: string) => DraftSection) => void;
  readonly expected: readonly (readonly [code: string, text: string])[];
}

const contentOf = (section: DraftSection): Uint8Array => {
  assert.ok(section.content instanceof Uint8Array);
  return section.content;
};

function setByte(section: DraftSection, offset: number, byte: number): void {
  section.content = contentOf(section).with(offset, byte);
}

const damages: readonly Damage[] = [
  {
    what: "the function table does not divide into entries",
    edit: (_, section) => {
      const funcs = section(".livepatch.funcs");
      funcs.content = contentOf(funcs).subarray(0, 208 + 64);
      funcs.relocations = [];
    },
    expected: [["payload/malformed", "272 bytes do not divide into entries of 104"]],
  },
  {
    what: "the table is of a version that does not exist",
    edit: (_, section) => setByte(section(".livepatch.funcs"), 32, 3),
    expected: [["payload/unsupported", "its first entry is of version 3"]],
  },
  {
    what: "one entry is of another version",
    edit: (_, section) => setByte(section(".livepatch.funcs"), 104 + 32, 1),
    expected: [["payload/unsupported", '"xen_extra_version": the entry is of version 1']],
  },
  {
    what: "Xen's own state is not zero in the file",
    edit: (_, section) => setByte(section(".livepatch.funcs"), 64, 1),
    expected: [["payload/trap", "the bytes that Xen keeps its own state in are not zero"]],
  },
  {
    what: "the old function has no size",
    edit: (_, section) => setByte(section(".livepatch.funcs"), 104 + 28, 0),
    expected: [["payload/malformed", "the old function has 0 bytes"]],
  },
  {
    what: "the old function is too small for a jump",
    edit: (_, section) => setByte(section(".livepatch.funcs"), 104 + 28, 4),
    expected: [["payload/malformed", "the old function has 4 bytes"]],
  },
  {
    what: "more NOPs than Xen writes",
    edit: (_, section) => setByte(section(".livepatch.funcs"), 208 + 24, 32),
    expected: [["payload/unsupported", "32 bytes are to become NOPs"]],
  },
  {
    what: "an expectation with reserved bits, longer than the function",
    edit: (_, section) => {
      setByte(section(".livepatch.funcs"), 104 + 72, 0x41 | (13 << 1));
    },
    expected: [
      ["payload/malformed", "its expectation has 1 in its reserved bits"],
      ["payload/malformed", "it expects 13 bytes of a function of 12"],
    ],
  },
  {
    what: "a guard that begins at an ENDBR64, on which the host crashes",
    edit: (_, section) => {
      for (const [index, byte] of [0xf3, 0x0f, 0x1e, 0xfa].entries()) {
        setByte(section(".livepatch.funcs"), 73 + index, byte);
      }
    },
    expected: [["payload/trap", "it starts with ENDBR64, and 0 bytes are to become NOPs"]],
  },
  {
    what: "the same function patched twice, of which Xen would never restore the first",
    edit: (_, section) => {
      const funcs = section(".livepatch.funcs");
      const entry = contentOf(funcs).subarray(104, 208);
      funcs.content = new Uint8Array([...contentOf(funcs), ...entry]);
      const copied = funcs.relocations.filter(({ offset }) => offset >= 104 && offset < 208);
      funcs.relocations.push(...copied.map((from) => ({ ...from, offset: from.offset + 208 })));
    },
    expected: [["payload/trap", 'Cannot patch "xen_extra_version" twice']],
  },
  {
    what: "a pointer with half a relocation",
    edit: (_, section) => {
      for (const relocation of section(".livepatch.hooks.load").relocations) relocation.type = 2;
    },
    expected: [["payload/malformed", "its relocation is R_X86_64_PC32"]],
  },
  {
    what: "a load hook that is a null pointer",
    edit: (_, section) => {
      section(".livepatch.hooks.load").relocations.pop();
    },
    expected: [["payload/trap", "Cannot call a load hook: it is a null pointer"]],
  },
  {
    what: "two pointers where one belongs",
    edit: (_, section) => {
      section(".livepatch.hooks.preapply").content = new Uint8Array(16);
    },
    expected: [["payload/malformed", "it has 16 bytes"]],
  },
  {
    what: "a note of another kind",
    edit: (_, section) => setByte(section(".livepatch.depends"), 8, 1),
    expected: [["payload/malformed", "its type is 1, not 3"]],
  },
  {
    what: "no build-id and no hypervisor",
    edit: (draft) => {
      const gone = [".note.gnu.build-id", ".livepatch.xen_depends"];
      draft.symbols = draft.symbols.filter(
        ({ place }) => typeof place === "string" || !gone.includes(place.name),
      );
      draft.sections = draft.sections.filter(({ name }) => !gone.includes(name));
    },
    expected: [
      ["payload/missing", 'it has no section ".livepatch.xen_depends"'],
      ["payload/missing", 'it has no section ".note.gnu.build-id"'],
    ],
  },
  {
    what: "metadata that does not end",
    edit: (_, section) => {
      section(".modinfo").content = contentOf(section(".modinfo")).subarray(0, -1);
    },
    expected: [["payload/malformed", "its last string does not end"]],
  },
  {
    what: "empty metadata",
    edit: (_, section) => {
      section(".modinfo").content = new Uint8Array();
    },
    expected: [["payload/trap", "it is empty"]],
  },
  {
    what: "a table that is not loaded",
    edit: (_, section) => {
      section(".livepatch.depends").flags = 0n;
    },
    expected: [["payload/trap", "it lacks the ALLOC flag"]],
  },
  {
    what: "code that is writable",
    edit: (_, section) => {
      section(".text").flags |= SectionFlag.SHF_WRITE;
    },
    expected: [["payload/unsupported", "it is both writable and executable"]],
  },
  {
    what: "more than a page of alignment",
    edit: (_, section) => {
      section(".data").alignment = 8192;
    },
    expected: [["payload/trap", "its alignment is 8192"]],
  },
  {
    what: "a relocation that no loader knows",
    edit: (_, section) => {
      for (const relocation of section(".text").relocations) relocation.type = 11;
    },
    expected: [["payload/unsupported", "there is a relocation R_X86_64_32S"]],
  },
  {
    what: "a common symbol",
    edit: (draft) => {
      for (const symbol of draft.symbols) if (symbol.name === "printk") symbol.place = "common";
    },
    expected: [["payload/unsupported", 'Cannot load symbol "printk": it is a common symbol']],
  },
  {
    what: "an operating system of its own",
    edit: (draft) => {
      draft.osAbi = 3;
    },
    expected: [["payload/unsupported", "Cannot load a payload with OS ABI 3"]],
  },
];

test("inspectPayload() is done quickly with a payload of more sections than Xen looks at", () => {
  const draft = draftFrom(readElf(stockPayload(), SOURCE));
  const empty = { name: "e", type: "SHT_PROGBITS", flags: 2n, alignment: 1, entrySize: 0 } as const;
  for (let count = 0; count < 25_000; count++) {
    draft.sections.push({ ...empty, content: new Uint8Array(), relocations: [] });
  }
  const bytes = writeElf(draft);
  const start = performance.now();
  const { findings } = inspectPayload(bytes, SOURCE);
  assert.ok(findings.some(({ report }) => report.code === "payload/too-large"));
  assert.ok(performance.now() - start < 5000);
});

test("inspectPayload() reads no name of an entry that goes on for ever", () => {
  const draft = draftFrom(readElf(stockPayload(), SOURCE));
  const funcs = draft.sections.find(({ name }) => name === ".livepatch.funcs");
  const name = funcs?.relocations.find(({ offset }) => offset === 104);
  assert.ok(name !== undefined && typeof name.symbol.place === "object");
  const strings = name.symbol.place;
  name.addend = BigInt(contentOf(strings).length) - name.symbol.value;
  strings.content = new Uint8Array([...contentOf(strings), ...Buffer.alloc(5000, "A"), 0]);
  const { contents } = inspectPayload(writeElf(draft), SOURCE);
  assert.equal(contents.functions[1]?.name, undefined);
  assert.equal(contents.functions[2]?.name, "do_nothing");
});

for (const { what, edit, expected } of damages) {
  test(`inspectPayload() finds: ${what}`, () => {
    const draft = draftFrom(readElf(stockPayload(), SOURCE));
    edit(draft, (name) => {
      const section = draft.sections.find((candidate) => candidate.name === name);
      assert.ok(section, name);
      return section;
    });
    const { findings } = inspectPayload(writeElf(draft), SOURCE);
    for (const [code, text] of expected) {
      const found = findings.find(
        ({ report }) => report.code === code && report.problem.includes(text),
      );
      assert.ok(found, `no ${code} "${text}" in ${JSON.stringify(findings)}`);
    }
  });
}

test("inspectPayload() shows what else is there when a section lies outside of the file", () => {
  const bytes = Uint8Array.from(stockPayload());
  const view = new DataView(bytes.buffer);
  const sections = Number(view.getBigUint64(40, true));
  const whole = inspectPayload(bytes, "fix.livepatch").contents;
  const text = whole.sections.findIndex(({ name }) => name.startsWith(".text")) + 1;
  view.setBigUint64(sections + 64 * text + 24, 1n << 40n, true);
  const { contents, findings } = inspectPayload(bytes, "fix.livepatch");
  assert.equal(contents.buildId, whole.buildId);
  assert.equal(contents.functions.length, whole.functions.length);
  assert.match(findings[0]?.report.problem ?? "", /reach behind the end of the file/);
  assert.equal(findings[0]?.severity, "error");
});
