// One kind of damage to sections, hooks, notes and symbols after the other, and what inspectPayload()
// says of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SectionFlag } from "../elf/constants.ts";
import { writeElf } from "../elf/write.ts";
import { inspectPayload } from "./inspect.ts";
import {
  checkDamages,
  contentOf,
  setByte,
  stockDraft,
  stockPayload,
} from "./stock.test.support.ts";

checkDamages([
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
]);

test("inspectPayload() is done quickly with a payload of more sections than Xen looks at", () => {
  const draft = stockDraft();
  const empty = { name: "e", type: "SHT_PROGBITS", flags: 2n, alignment: 1, entrySize: 0 } as const;
  for (let count = 0; count < 25_000; count++) {
    draft.sections.push({ ...empty, content: new Uint8Array(), relocations: [] });
  }
  const bytes = writeElf(draft);
  const start = performance.now();
  const { findings } = inspectPayload(bytes, "fix.livepatch");
  assert.ok(findings.some(({ report }) => report.code === "payload/too-large"));
  assert.ok(performance.now() - start < 5000);
});

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
  assert.match(findings[0]?.report.problem ?? "", /reach past the end of the file/);
  assert.equal(findings[0]?.severity, "error");
});
