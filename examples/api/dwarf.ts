// The members of a struct with their offsets, from an object with debug information (-g).
import { readFileSync } from "node:fs";
import {
  bareType,
  childrenOf,
  DwarfAttribute,
  DwarfTag,
  findTypes,
  numberOf,
  textOf,
  typeOf,
} from "xsplice/dwarf";
import { readElf } from "xsplice/elf";

const [path = "domain.o", name = "struct domain"] = process.argv.slice(2);
const model = findTypes(readElf(readFileSync(path), path));
const type = model?.types.get(name);
if (model === undefined || type === undefined) throw new Error(`${path} knows no ${name}`);

const { DW_AT_byte_size, DW_AT_data_member_location, DW_AT_name } = DwarfAttribute;
console.log(`${name}, ${numberOf(type, DW_AT_byte_size)} bytes, of ${model.fileOf(type)}`);
for (const member of childrenOf(type, DwarfTag.DW_TAG_member)) {
  const of = bareType(model.info, typeOf(model.info, member));
  const size = of === undefined ? undefined : numberOf(of, DW_AT_byte_size);
  const at = numberOf(member, DW_AT_data_member_location);
  console.log(`  ${at}: ${textOf(member, DW_AT_name)}, ${size ?? "?"} bytes`);
}
