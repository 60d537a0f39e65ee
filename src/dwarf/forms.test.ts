// Debug information as clang writes it by default (DWARF 5): texts and addresses are indices into tables.
// Written in assembly, so that no clang is needed.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ElfObject } from "../elf/object.ts";
import { readElf } from "../elf/read.ts";
import { DwarfAttribute as A } from "./constants.ts";
import { compile } from "./dwarf.test.support.ts";
import { findTypes, textOf } from "./model.ts";
import { entriesOf, readDebugInfo, readUnitRoots } from "./read.ts";
import { findStaticHomes } from "./static-homes.ts";

const TAG_VARIABLE = 0x34;

/** A unit with a function `outer`, in which a variable `count` lies; `text` is its form for texts. */
const unit = (text: { readonly form: number; readonly directive: string }): string => `
  .section .debug_abbrev,"",@progbits
  .byte 1,0x11,1, 0x25,${text.form}, 0x03,${text.form}, 0x72,0x17, 0x73,0x17, 0x11,0x1b, 0x55,0x23, 0,0
  .byte 2,0x2e,1, 0x03,${text.form}, 0,0
  .byte 3,0x34,0, 0x03,${text.form}, 0x02,0x18, 0,0
  .byte 0
  .section .debug_info,"",@progbits
  .long end - start
start:
  .short 5
  .byte 1, 8
  .long .debug_abbrev
  .byte 1
  ${text.directive} 0
  ${text.directive} 1
  .long strings
  .long addresses
  .byte 0, 0
  .byte 2
  ${text.directive} 2
  .byte 3
  ${text.directive} 3
  .byte 2, 0xa1, 1
  .byte 0, 0
end:
  .section .debug_str_offsets,"",@progbits
  .long 4 + 4 * 4
  .short 5, 0
strings:
  .long name_0, name_1, name_2, name_3
  .section .debug_str,"MS",@progbits,1
name_0: .asciz "clang version 14.0.6"
name_1: .asciz "common/kernel.c"
name_2: .asciz "outer"
name_3: .asciz "count"
  .section .debug_addr,"",@progbits
  .long 4 + 8 * 2
  .short 5
  .byte 8, 0
addresses:
  .quad outer, count
  .bss
  .type count,@object
  .size count,4
count: .zero 4
  .text
outer: ret
`;

function assemble(text: string): ElfObject {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-dwarf-"));
  try {
    writeFileSync(join(folder, "file.s"), text);
    execFileSync("gcc", ["-c", "file.s"], { cwd: folder, stdio: "pipe" });
    return readElf(new Uint8Array(readFileSync(join(folder, "file.o"))), "file.o");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const forms = {
  strx: [0x1a, ".uleb128"],
  strx1: [0x25, ".byte"],
  strx2: [0x26, ".short"],
} as const;
for (const [name, [form, directive]] of Object.entries(forms)) {
  test(`readDebugInfo() finds texts by ${name}, also before the unit has said where they are`, () => {
    const object = assemble(unit({ form, directive }));
    const [root] = readUnitRoots(object);
    assert.ok(root);
    assert.equal(textOf(root, A.DW_AT_producer), "clang version 14.0.6");
    assert.equal(textOf(root, A.DW_AT_name), "common/kernel.c");
    const info = readDebugInfo(object);
    assert.ok(info);
    const variables = entriesOf(info, TAG_VARIABLE).map((entry) => textOf(entry, A.DW_AT_name));
    assert.deepEqual(variables, ["count"]);
  });
}

test("findStaticHomes() finds a variable whose address is in a table", () => {
  const object = assemble(unit({ form: 0x25, directive: ".byte" }));
  const symbol = object.symbols.find(({ name }) => name === "count");
  assert.ok(symbol);
  assert.equal(findStaticHomes(object)(symbol)?.functionName, "outer");
});

test("DebugEntry.values says of an index past the table that the information is damaged", () => {
  const text = unit({ form: 0x25, directive: ".byte" }).replace(
    ".byte 2\n  .byte 2",
    ".byte 2\n  .byte 99",
  );
  const info = readDebugInfo(assemble(text)) ?? assert.fail("it has debug information");
  assert.throws(
    () => [...info.byOffset.values()].map(({ values }) => values),
    /it ends in the middle/,
  );
});

for (const flags of [["-gdwarf-5"], ["-gdwarf-4"], ["-gdwarf-4", "-Wa,--gdwarf-3"]]) {
  test(`fileOf() counts from the top of a source that was compiled below it, with ${flags.join(" ")}`, () => {
    const object = compile("int f(int x) { return x; }", [
      ...flags,
      `-ffile-prefix-map=${tmpdir()}/=./top/`,
    ]);
    const model = findTypes(object);
    assert.ok(model);
    const [f] = entriesOf(model.info, 0x2e);
    assert.ok(f);
    assert.match(model.fileOf(f) ?? "", /^top\/xsplice-dwarf-\w+\/file\.c$/);
  });
}
