// Names of the source files of a unit, from the header of its line number program (DWARF 5, section
// 6.2.4). Entries name the file of their declaration by number. The program itself is not read.

import { DW_LNCT_DIRECTORY_INDEX, DW_LNCT_PATH, DwarfAttribute } from "./constants.ts";
import { DwarfCursor } from "./cursor.ts";
import { attributeOf, type DebugEntry } from "./entry.ts";
import { noBases, readForm } from "./forms.ts";
import type { DebugSections } from "./sections.ts";

/** By the numbers of DW_AT_decl_file. Paths are as they were given to the compiler. */
export function sourceFilesOf(
  unit: DebugEntry,
  sections: DebugSections,
): ReadonlyMap<number, string> {
  const statements = attributeOf(unit, DwarfAttribute.DW_AT_stmt_list);
  if (typeof statements !== "number") return new Map();
  const cursor = new DwarfCursor(sections.lines, sections.source, statements);
  cursor.skip(4);
  const version = cursor.u16();
  const addressSize = version >= 5 ? cursor.u8() : 8;
  if (version >= 5) cursor.skip(1);
  // header_length, minimum_instruction_length, maximum_operations (since version 4: an assembler may
  // write version 2 or 3 beside information of version 4), default_is_stmt, line_base, line_range
  cursor.skip(4 + 1 + (version >= 4 ? 1 : 0) + 1 + 1 + 1);
  const opcodeBase = cursor.u8();
  cursor.skip(opcodeBase - 1);
  return version >= 5
    ? readTables(cursor, { sections, unitOffset: 0, addressSize, bases: noBases })
    : readOldTables(cursor);
}

function readTables(
  cursor: DwarfCursor,
  context: Parameters<typeof readForm>[2],
): ReadonlyMap<number, string> {
  // Directory 0 is the working directory of the compiler; relative paths start there.
  const directories = readTable(cursor, context).map(({ path }, index) =>
    index === 0 ? "" : path,
  );
  const files = readTable(cursor, context);
  return new Map(
    files.map(({ path, directory }, index) => [index, joined(directories[directory], path)]),
  );
}

interface TableEntry {
  readonly path: string;
  readonly directory: number;
}

function readTable(
  cursor: DwarfCursor,
  context: Parameters<typeof readForm>[2],
): readonly TableEntry[] {
  const formats = Array.from({ length: cursor.u8() }, () => ({
    content: cursor.count(),
    form: cursor.count(),
  }));
  const count = cursor.count();
  const entries: TableEntry[] = [];
  for (let index = 0; index < count; index++) {
    let [path, directory] = ["", 0];
    for (const { content, form } of formats) {
      const value = readForm(cursor, { form, constant: undefined }, context);
      if (content === DW_LNCT_PATH && typeof value === "string") path = value;
      if (content === DW_LNCT_DIRECTORY_INDEX && typeof value !== "string") {
        directory = Number(value);
      }
    }
    entries.push({ path, directory });
    // A table that has entries but no formats would never advance the cursor.
    if (formats.length === 0) break;
  }
  return entries;
}

/** DWARF 4: directories and files count from 1; directory 0 is the compiler's working directory. */
function readOldTables(cursor: DwarfCursor): ReadonlyMap<number, string> {
  const directories: string[] = [""];
  for (let path = cursor.text(); path !== ""; path = cursor.text()) directories.push(path);
  const files = new Map<number, string>();
  for (let path = cursor.text(); path !== ""; path = cursor.text()) {
    const directory = cursor.count();
    cursor.uleb(); // time of last change
    cursor.uleb(); // length
    files.set(files.size + 1, joined(directories[directory], path));
  }
  return files;
}

function joined(directory: string | undefined, path: string): string {
  return directory === undefined || directory === "" || path.startsWith("/")
    ? path
    : `${directory}/${path}`;
}
