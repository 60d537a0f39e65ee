// Two objects of one C file, before and after a fix: what a payload must carry, and why.
import { readFileSync } from "node:fs";
import { diffObjects, xenSectionPolicy } from "xsplice/diff";
import { findStaticHomes } from "xsplice/dwarf";
import { readElf } from "xsplice/elf";
import { parseRelease, unsafeFunctions } from "xsplice/xen-abi";

const [before = "before.o", after = "after.o", text = "4.17.5"] = process.argv.slice(2);
const release = parseRelease(text);
const policy = xenSectionPolicy(release, "x86_64", unsafeFunctions("x86_64", release));
const read = (path: string) => readElf(readFileSync(path), path);
const diff = diffObjects(read(before), read(after), { policy, findHomes: findStaticHomes });
console.log(diff.outcome);
for (const { after: atom, reasons } of diff.replaced) {
  console.log(`replace ${atom.name}: ${reasons.join("; ")}`);
}
for (const { name, kind } of diff.added) console.log(`add ${kind} ${name}`);
for (const { what, reasons } of diff.refusals)
  console.log(`refused ${what}: ${reasons.join("; ")}`);
