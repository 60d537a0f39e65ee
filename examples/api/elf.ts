// The largest functions of an object, an executable or a xen-syms (also .gz), with their sections.
import { readFileSync } from "node:fs";
import { openElf } from "xsplice/elf";

const [path = "xen-syms", count = "10"] = process.argv.slice(2);
const object = openElf(readFileSync(path), path);
const functions = object.symbols
  .filter(({ type, place }) => type === "STT_FUNC" && place.kind === "section")
  .sort((left, right) => Number(right.size - left.size) || (left.name < right.name ? -1 : 1));

for (const { name, size, place } of functions.slice(0, Number(count))) {
  const section = place.kind === "section" ? object.sections[place.index] : undefined;
  console.log(`${String(size).padStart(8)}  ${name} in ${section?.name}`);
}
