// One kind of damage to the table of functions after the other, and what inspectPayload() says of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { writeElf } from "../elf/write.ts";
import { inspectPayload } from "./inspect.ts";
import { checkDamages, contentOf, setByte, stockDraft } from "./stock.test.support.ts";

checkDamages([
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
]);

test("inspectPayload() reads no name of an entry that goes on for ever", () => {
  const draft = stockDraft();
  const funcs = draft.sections.find(({ name }) => name === ".livepatch.funcs");
  const name = funcs?.relocations.find(({ offset }) => offset === 104);
  assert.ok(name !== undefined && typeof name.symbol.place === "object");
  const strings = name.symbol.place;
  name.addend = BigInt(contentOf(strings).length) - name.symbol.value;
  strings.content = new Uint8Array([...contentOf(strings), ...Buffer.alloc(5000, "A"), 0]);
  const { contents } = inspectPayload(writeElf(draft), "fix.livepatch");
  assert.equal(contents.functions[1]?.name, undefined);
  assert.equal(contents.functions[2]?.name, "do_nothing");
});
