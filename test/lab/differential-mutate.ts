// Good payloads made wrong in one field: of the ELF header, a section, a symbol, a relocation, a
// note, an entry of the function table.

import { ByteReader } from "../../src/bytes/byte-reader.ts";
import { SectionType } from "../../src/elf/constants.ts";
import {
  EHDR_SIZE,
  type RawSection,
  RELA_SIZE,
  readRawHeader,
  readRawSection,
  SHDR_SIZE,
  SYM_SIZE,
} from "../../src/elf/raw.ts";
import { LIVEPATCH_FUNC_SIZE } from "../../src/xen-abi/livepatch-func.ts";
import type { Random } from "./differential-random.ts";

interface Field {
  readonly name: string;
  /** In its record, in bytes. */
  readonly at: number;
  readonly size: 1 | 2 | 4 | 8;
}

interface NamedSection extends RawSection {
  readonly name: string;
}

interface Target {
  readonly what: string;
  /** Of the record in the file. */
  readonly start: number;
  readonly fields: readonly Field[];
}

export interface Mutation {
  /** What was changed, for people. */
  readonly what: string;
  readonly bytes: Uint8Array;
}

const headerFields = fields(
  ..."magic@0:4 class@4:1 data@5:1 version@6:1 osabi@7:1 abiversion@8:1 e_type@16:2".split(" "),
  ..."e_machine@18:2 e_version@20:4 e_shoff@40:8 e_flags@48:4 e_phnum@56:2".split(" "),
  ..."e_shentsize@58:2 e_shnum@60:2 e_shstrndx@62:2".split(" "),
);
const sectionFields = fields(
  ..."sh_name@0:4 sh_type@4:4 sh_flags@8:8 sh_addr@16:8 sh_offset@24:8 sh_size@32:8".split(" "),
  ..."sh_link@40:4 sh_info@44:4 sh_addralign@48:8 sh_entsize@56:8".split(" "),
);
const symbolFields = fields(
  ..."st_name@0:4 st_info@4:1 st_other@5:1 st_shndx@6:2 st_value@8:8 st_size@16:8".split(" "),
);
const relocationFields = fields(..."r_offset@0:8 r_type@8:4 r_sym@12:4 r_addend@16:8".split(" "));
const noteFields = fields(..."namesz@0:4 descsz@4:4 type@8:4 owner@12:1 id@16:1".split(" "));
const functionFields = fields(
  ..."name@0:8 new_addr@8:8 old_addr@16:8 new_size@24:4 old_size@28:4 version@32:1".split(" "),
  ..."opaque@33:1 applied@64:1 patch_offset@65:1 expect@72:1 expect.data@73:1".split(" "),
);

const notes = [".note.gnu.build-id", ".livepatch.depends", ".livepatch.xen_depends"];

export function mutate(bytes: Uint8Array, random: Random): Mutation {
  if (random.chance(0.03)) return truncate(bytes, random);
  const target = random.pick(targetsOf(bytes, random));
  const field = random.pick(target.fields);
  const copy = Uint8Array.from(bytes);
  const view = new DataView(copy.buffer);
  const at = target.start + field.at;
  const old = readField(view, at, field.size);
  const value = BigInt.asUintN(field.size * 8, newValue(old, random));
  writeField(view, at, field.size, value);
  const change = `${field.name} 0x${old.toString(16)} -> 0x${value.toString(16)}`;
  return { what: `${target.what}: ${change}`, bytes: copy };
}

function truncate(bytes: Uint8Array, random: Random): Mutation {
  const length = 1 + random.below(bytes.length - 1);
  return { what: `cut to ${length} bytes`, bytes: bytes.slice(0, length) };
}

/** One target of each kind, chosen at random, so that all kinds are hit alike. */
function targetsOf(bytes: Uint8Array, random: Random): readonly Target[] {
  const sections = sectionsOf(bytes);
  const { e_shoff } = readRawHeader(new ByteReader(bytes, "base"));
  const index = 1 + random.below(sections.length - 1);
  const targets: Target[] = [
    { what: "header", start: 0, fields: headerFields },
    {
      what: `section ${index} "${sections[index]?.name}"`,
      start: Number(e_shoff) + index * SHDR_SIZE,
      fields: sectionFields,
    },
  ];
  const records = (type: number, size: number, what: string, recordFields: readonly Field[]) => {
    const table = random.pick(sections.filter(({ sh_type }) => sh_type === type));
    const record = random.below(Number(table.sh_size) / size);
    const start = Number(table.sh_offset) + record * size;
    targets.push({ what: `${what} ${record} of "${table.name}"`, start, fields: recordFields });
  };
  records(SectionType.SHT_SYMTAB, SYM_SIZE, "symbol", symbolFields);
  records(SectionType.SHT_RELA, RELA_SIZE, "relocation", relocationFields);
  const note = sections.find(({ name }) => name === random.pick(notes));
  if (note) targets.push({ what: note.name, start: Number(note.sh_offset), fields: noteFields });
  const table = sections.find(({ name }) => name === ".livepatch.funcs");
  if (table) {
    const entry = random.below(Number(table.sh_size) / LIVEPATCH_FUNC_SIZE[2]);
    const start = Number(table.sh_offset) + entry * LIVEPATCH_FUNC_SIZE[2];
    targets.push({ what: `function ${entry}`, start, fields: functionFields });
  }
  return targets;
}

/** Values at which checks turn, near the old one, or anything. */
function newValue(old: bigint, random: Random): bigint {
  const turning = [0n, 1n, 2n, 3n, 4n, 5n, 7n, 8n, 9n, 16n, 31n, 32n, 63n, 64n, 255n, 4095n, 4096n];
  const large = [0xff00n, 0xfff1n, 0xfff2n, 0x200000n, 0x200001n, 0x7fffffffn, 0x80000000n];
  switch (random.below(5)) {
    case 0:
      return random.pick(turning);
    case 1:
      return random.pick([...large, 0xffffffffn, (1n << 63n) - 1n, (1n << 64n) - 1n]);
    case 2:
      return old + BigInt(random.pick([-8, -4, -2, -1, 1, 2, 4, 8]));
    case 3:
      return old ^ (1n << BigInt(random.below(16)));
    default:
      return BigInt(random.below(1 << 16));
  }
}

function sectionsOf(bytes: Uint8Array): readonly NamedSection[] {
  const reader = new ByteReader(bytes, "base");
  const header = readRawHeader(reader);
  const sections = Array.from({ length: header.e_shnum }, (_, index) => {
    reader.seek(Number(header.e_shoff) + index * SHDR_SIZE);
    return readRawSection(reader);
  });
  const names = Number(sections[header.e_shstrndx]?.sh_offset ?? EHDR_SIZE);
  return sections.map((section) => {
    const start = names + section.sh_name;
    const name = Buffer.from(bytes.subarray(start, bytes.indexOf(0, start))).toString("latin1");
    return { ...section, name };
  });
}

/** `name@offset:size` each. */
function fields(...texts: readonly string[]): readonly Field[] {
  return texts.map((text) => {
    const [, name = "", at, size] = /^(.*)@(\d+):(\d)$/.exec(text) ?? [];
    return { name, at: Number(at), size: Number(size) as Field["size"] };
  });
}

function readField(view: DataView, at: number, size: number): bigint {
  let value = 0n;
  for (let byte = size - 1; byte >= 0; byte--)
    value = (value << 8n) | BigInt(view.getUint8(at + byte));
  return value;
}

function writeField(view: DataView, at: number, size: number, value: bigint): void {
  for (let byte = 0; byte < size; byte++) {
    view.setUint8(at + byte, Number((value >> BigInt(8 * byte)) & 0xffn));
  }
}
