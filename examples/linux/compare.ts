// Two objects of one C file of Linux, before and after a fix: which functions change, and why.
import { readFileSync } from "node:fs";
import { diffObjects } from "xsplice/diff";
import { findStaticHomes } from "xsplice/dwarf";
import { readElf } from "xsplice/elf";
import { linuxLayoutOf } from "./layout.ts";
import { isLinuxLine } from "./lines.ts";
import { linuxSectionPolicy } from "./policy.ts";

const [beforePath = "before.o", afterPath = "after.o"] = process.argv.slice(2);
const read = (path: string) => readElf(readFileSync(path), path);
const before = read(beforePath);
const { outcome, replaced, added, refusals } = diffObjects(before, read(afterPath), {
  policy: linuxSectionPolicy(linuxLayoutOf(before)),
  findHomes: findStaticHomes,
  isSameLine: isLinuxLine,
});
console.log(outcome);
for (const { before: atom, reasons } of replaced) {
  console.log(`replace ${atom.name}: ${reasons.join("; ")}`);
}
for (const { name, kind } of added) console.log(`add ${kind} ${name}`);
for (const { what, reasons } of refusals) console.log(`refused ${what}: ${reasons.join("; ")}`);
