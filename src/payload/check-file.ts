// Problems of a payload's ELF header, sections, symbols and relocations that Xen's loader would refuse,
// or would not notice although they harm it: ABI reference §1.1, §1.2, §2.2 to §2.8, §8.2. Tables have
// their own checks (check-function.ts and the readers).

import { ByteReader } from "../bytes/byte-reader.ts";
import { hexNumber } from "../bytes/hex.ts";
import { ElfIdent, SectionFlag } from "../elf/constants.ts";
import type { Section } from "../elf/object.ts";
import { EHDR_SIZE, readRawHeader } from "../elf/raw.ts";
import { relocationsOf } from "../elf/relocations.ts";
import { canRelocate, nameOfRelocation } from "../isa/relocate.ts";
import {
  NOBITS_SIZE_MAX,
  PAYLOAD_SIZE_MAX,
  SECTION_ALIGNMENT_MAX,
  SECTION_COUNT_MAX,
} from "../xen-abi/limits.ts";
import { livepatchSections, refusedSections, specialTableSections } from "../xen-abi/sections.ts";
import { type PayloadFile, whereIn } from "./targets.ts";

const { SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE } = SectionFlag;

export function checkFile(file: PayloadFile): void {
  checkHeader(file);
  for (const section of file.object.sections.slice(1)) checkSection(file, section);
  checkNamedSections(file);
  checkSymbols(file);
  checkRelocations(file);
}

function checkHeader({ object, findings }: PayloadFile): void {
  const where = object.source;
  const { header, bytes, sections } = object;
  if (bytes.length > PAYLOAD_SIZE_MAX) {
    const problem = `Cannot load a payload of ${bytes.length} bytes`;
    const expected = `at most ${PAYLOAD_SIZE_MAX} bytes, the limit of every release of Xen`;
    findings.error({ code: "payload/too-large", problem, where, expected });
  }
  if (sections.length > SECTION_COUNT_MAX) {
    const problem = `Cannot load a payload with ${sections.length} sections`;
    const expected = `at most ${SECTION_COUNT_MAX}`;
    findings.error({ code: "payload/too-large", problem, where, expected });
  }
  const osAbis: readonly number[] = [ElfIdent.ELFOSABI_NONE, ElfIdent.ELFOSABI_FREEBSD];
  if (!osAbis.includes(header.osAbi) || header.abiVersion !== 0) {
    findings.error({
      code: "payload/unsupported",
      problem: `Cannot load a payload with OS ABI ${header.osAbi}, version ${header.abiVersion}`,
      where,
      expected: "0 (System V) or 9 (FreeBSD), version 0",
      remedy: "do without indirect functions and unique symbols, which make it 3 (GNU)",
    });
  }
  const segments = readRawHeader(new ByteReader(bytes.subarray(0, EHDR_SIZE), where)).e_phnum;
  if (segments !== 0) {
    const problem = `Cannot load a payload with ${segments} program headers`;
    findings.error({
      code: "payload/unsupported",
      problem,
      where,
      expected: "none, as ld -r does",
    });
  }
}

function checkSection(file: PayloadFile, section: Section): void {
  const { flags, alignment, name } = section;
  const isLoaded = (flags & SHF_ALLOC) !== 0n;
  const refuse = (code: "trap" | "unsupported" | "malformed", state: string, expected: string) =>
    file.findings.error({
      code: `payload/${code}`,
      problem: `Cannot load section "${name}": ${state}`,
      where: whereIn(file, section),
      expected,
    });
  if (section.offset < EHDR_SIZE) {
    refuse("malformed", `it is at ${hexNumber(section.offset)}`, "a place after the ELF header");
  }
  if (alignment !== 0 && section.address % BigInt(alignment) !== 0n) {
    refuse(
      "malformed",
      `${hexNumber(section.address)} is its address`,
      `${alignment}, its alignment`,
    );
  }
  if (!isLoaded) return;
  if (alignment === 0) {
    refuse("trap", "its alignment is 0", "at least 1; Xen would place it over other sections");
  }
  if (alignment > SECTION_ALIGNMENT_MAX) {
    refuse("trap", `its alignment is ${alignment}`, `at most ${SECTION_ALIGNMENT_MAX}, one page`);
  }
  if ((flags & SHF_WRITE) !== 0n && (flags & SHF_EXECINSTR) !== 0n) {
    refuse("unsupported", "it is both writable and executable", "one or the other");
  }
  if (section.type === "SHT_NOBITS" && section.size > NOBITS_SIZE_MAX) {
    refuse("malformed", `it has ${section.size} bytes of zeros`, `at most ${NOBITS_SIZE_MAX}`);
  }
}

/** Sections with a meaning for Xen: only one of each, and loaded, because Xen reads the loaded copy. */
function checkNamedSections(file: PayloadFile): void {
  const { object, architecture, findings } = file;
  for (const name of [...livepatchSections, ...specialTableSections]) {
    const [section, second] = object.sections.filter((candidate) => candidate.name === name);
    if (section === undefined) continue;
    if ((section.flags & SHF_ALLOC) === 0n) {
      findings.error({
        code: "payload/trap",
        problem: `Cannot load section "${name}": it lacks the ALLOC flag`,
        where: whereIn(file, section),
        expected: "ALLOC; many releases of Xen crash without it",
      });
    }
    if (refusedSections[architecture].includes(name)) {
      findings.error({
        code: "payload/unsupported",
        problem: `Cannot load section "${name}": Xen on ${architecture} has no use for it`,
        where: whereIn(file, section),
      });
    }
    if (second !== undefined) {
      findings.warning({
        code: "payload/ignored",
        problem: `Section "${name}" occurs twice, and Xen uses only the first`,
        where: whereIn(file, second),
      });
    }
  }
}

function checkSymbols({ symbols, object, findings }: PayloadFile): void {
  if (symbols.length === 0) {
    findings.error({
      code: "payload/missing",
      problem: "Cannot load a payload without a symbol table",
      where: object.source,
      remedy: "do not strip payloads",
    });
  }
  for (const { name, place, index } of symbols) {
    if (place.kind === "common") {
      findings.error({
        code: "payload/unsupported",
        problem: `Cannot load symbol "${name}": it is a common symbol`,
        where: object.source,
        remedy: "compile with -fno-common",
      });
    } else if (place.kind === "undefined" && index !== 0 && name === "") {
      findings.error({
        code: "payload/malformed",
        problem: `Cannot look symbol ${index} up: it is undefined and has no name`,
        where: object.source,
      });
    }
  }
}

/** Only loaded sections; Xen skips the others, and refuses a file with too many. */
function checkRelocations(file: PayloadFile): void {
  if (file.object.sections.length > SECTION_COUNT_MAX) return;
  for (const section of file.object.sections) {
    if ((section.flags & SHF_ALLOC) !== 0n) checkRelocationsOf(file, section);
  }
}

function checkRelocationsOf(file: PayloadFile, section: Section): void {
  const { object, symbols, findings } = file;
  const { machine } = object.header;
  for (const { type, symbol, offset } of findings.attempt(
    () => relocationsOf(object, section),
    [],
  )) {
    const refuse = (code: "trap" | "unsupported", state: string, expected: string) =>
      findings.error({
        code: `payload/${code}`,
        problem: `Cannot relocate section "${section.name}": ${state}`,
        where: whereIn(file, section, offset),
        expected,
      });
    const found = symbols[symbol];
    if (!canRelocate(machine, type)) {
      const name = nameOfRelocation(machine, type);
      const target = found === undefined || found.name === "" ? "" : ` against "${found.name}"`;
      const expected = "a type that Xen's loader knows; compile with hidden visibility and -fPIE";
      refuse("unsupported", `there is a relocation ${name}${target}`, expected);
    }
    if (symbol === 0) {
      refuse("trap", "a relocation has no symbol", "a symbol; old releases of Xen crash on this");
    } else if (found?.place.kind === "section") {
      const target = object.sections[found.place.index];
      if (target === undefined || (target.flags & SHF_ALLOC) !== 0n) continue;
      const state = `it refers to section "${target.name}", which is not loaded`;
      refuse("trap", state, "references to what is loaded; some releases would take any address");
    }
  }
}
