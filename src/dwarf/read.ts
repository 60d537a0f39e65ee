// Debug information as a tree of entries, read from .debug_info (DWARF 5, sections 7.5.1 and 7.5.2;
// DWARF 4 differs in the unit's header).

import type { ElfObject } from "../elf/object.ts";
import { type Abbreviation, readAbbreviations } from "./abbreviations.ts";
import { DwarfAttribute as A } from "./constants.ts";
import { DwarfCursor } from "./cursor.ts";
import { type DebugEntry, OpenEntry, skipValue } from "./entry.ts";
import { type FormContext, noBases, readForm, sizeOfForm, type TableBases } from "./forms.ts";
import { type DebugSections, findDebugSections } from "./sections.ts";

export interface DebugInfo {
  readonly sections: DebugSections;
  /** One for each translation unit. */
  readonly units: readonly DebugEntry[];
  readonly byOffset: ReadonlyMap<number, DebugEntry>;
  /** In order of their offsets. */
  readonly byTag: ReadonlyMap<number, readonly DebugEntry[]>;
}

/** DW_UT_compile: the only kind of unit that compilers write by default. */
const UNIT_TYPE_COMPILE = 1;
/** Deeper than the entry tree of any C source. */
const DEPTH_MAX = 1000;

/**
 * One object is queried several times, and most of the cost of a query is reading the object. Only the
 * two objects of one pair are kept: a change to a header affects hundreds of objects.
 */
const lastRead: { readonly object: ElfObject; readonly info: DebugInfo | undefined }[] = [];
const KEPT_COUNT = 2;

/** Undefined when the object has no debug information. @throws DwarfError dwarf/malformed, ElfError */
export function readDebugInfo(object: ElfObject): DebugInfo | undefined {
  const known = lastRead.find((read) => read.object === object);
  if (known !== undefined) return known.info;
  const info = readWholeInfo(object);
  if (lastRead.length >= KEPT_COUNT) lastRead.shift();
  lastRead.push({ object, info });
  return info;
}

function readWholeInfo(object: ElfObject): DebugInfo | undefined {
  const sections = findDebugSections(object);
  if (sections === undefined) return undefined;
  const cursor = new DwarfCursor(sections.info, sections.source);
  const byOffset = new Map<number, DebugEntry>();
  const units: DebugEntry[] = [];
  while (cursor.offset < cursor.length) units.push(readUnit(cursor, sections, byOffset));
  const byTag = new Map<number, DebugEntry[]>();
  for (const entry of byOffset.values()) {
    const list = byTag.get(entry.tag);
    if (list === undefined) byTag.set(entry.tag, [entry]);
    else list.push(entry);
  }
  return { sections, units, byOffset, byTag };
}

/** In order of their offsets. */
export function entriesOf({ byTag }: DebugInfo, tag: number): readonly DebugEntry[] {
  return byTag.get(tag) ?? [];
}

/** The first entry of every unit, without its children: it names the compiler and its options. */
export function readUnitRoots(object: ElfObject): readonly DebugEntry[] {
  const sections = findDebugSections(object);
  if (sections === undefined) return [];
  const cursor = new DwarfCursor(sections.info, sections.source);
  const roots: DebugEntry[] = [];
  while (cursor.offset < cursor.length) {
    const { end, context, abbreviations } = readUnitHeader(cursor, sections);
    const root = readEntry(cursor, abbreviations, context, undefined);
    if (root?.entry !== undefined) roots.push(root.entry);
    cursor.offset = end;
  }
  return roots;
}

function readUnit(
  cursor: DwarfCursor,
  sections: DebugSections,
  byOffset: Map<number, DebugEntry>,
): DebugEntry {
  const { end, context, abbreviations } = readUnitHeader(cursor, sections);
  const root = readEntries(cursor, end, abbreviations, context, byOffset);
  if (root === undefined) throw cursor.malformed("a unit is empty");
  cursor.offset = end;
  return root;
}

interface UnitHeader {
  /** Offset of the unit in .debug_info. */
  readonly end: number;
  readonly context: FormContext;
  readonly abbreviations: ReadonlyMap<number, Abbreviation>;
}

function readUnitHeader(cursor: DwarfCursor, sections: DebugSections): UnitHeader {
  const unitOffset = cursor.offset;
  const size = cursor.u32();
  const end = cursor.offset + size;
  if (end > cursor.length) throw cursor.malformed("a unit ends past the end of the section");
  const version = cursor.u16();
  let [addressSize, abbreviationOffset] = [0, 0];
  if (version === 5) {
    const type = cursor.u8();
    if (type !== UNIT_TYPE_COMPILE) throw cursor.malformed(`a unit is of type ${type}`);
    addressSize = cursor.u8();
    abbreviationOffset = cursor.u32();
  } else if (version === 4) {
    abbreviationOffset = cursor.u32();
    addressSize = cursor.u8();
  } else throw cursor.malformed(`its version is ${version}`);
  const abbreviations = readAbbreviations(sections, abbreviationOffset, addressSize);
  const context = { sections, unitOffset, addressSize, bases: noBases };
  const bases = readBases(cursor, abbreviations, context);
  return { end, context: { ...context, bases }, abbreviations };
}

/** The root entry says where its tables begin, perhaps after values that are indices into them. */
function readBases(
  cursor: DwarfCursor,
  abbreviations: ReadonlyMap<number, Abbreviation>,
  context: FormContext,
): TableBases {
  const { stringOffsets, addresses } = context.sections;
  if (stringOffsets.length === 0 && addresses.length === 0) return noBases;
  const start = cursor.offset;
  const abbreviation = abbreviations.get(cursor.count());
  let bases = noBases;
  let index = 0;
  for (const step of abbreviation?.steps ?? []) {
    if (step.kind === "skip") cursor.skip(step.size);
    else {
      const attribute = step.kind === "keep" ? abbreviation?.attributes[index++] : undefined;
      const isBase = attribute === A.DW_AT_str_offsets_base || attribute === A.DW_AT_addr_base;
      const size = isBase ? undefined : sizeOfForm(step.form, context.addressSize);
      if (size !== undefined) cursor.skip(size);
      else {
        const value = Number(readForm(cursor, step, context));
        if (attribute === A.DW_AT_str_offsets_base) bases = { ...bases, strings: value };
        if (attribute === A.DW_AT_addr_base) bases = { ...bases, addresses: value };
      }
    }
  }
  cursor.offset = start;
  return bases;
}

/** The root entry of the unit, with all its children. */
function readEntries(
  cursor: DwarfCursor,
  end: number,
  abbreviations: ReadonlyMap<number, Abbreviation>,
  context: FormContext,
  byOffset: Map<number, DebugEntry>,
): DebugEntry | undefined {
  // For each open list of children, the entry that owns it.
  const open: (OpenEntry | undefined)[] = [];
  let root: DebugEntry | undefined;
  while (cursor.offset < end) {
    const parent = open.at(-1);
    const found = readEntry(cursor, abbreviations, context, parent);
    if (found === undefined) open.pop();
    else {
      const { entry, hasChildren } = found;
      if (entry !== undefined) {
        byOffset.set(entry.offset, entry);
        root ??= entry;
      }
      if (hasChildren) open.push(entry ?? parent);
      if (open.length > DEPTH_MAX) throw cursor.malformed("entries are nested too deep");
    }
    if (open.length === 0) break;
  }
  return root;
}

/** Undefined for the mark that ends a list of children; no entry for transparent ones. */
function readEntry(
  cursor: DwarfCursor,
  abbreviations: ReadonlyMap<number, Abbreviation>,
  context: FormContext,
  parent: OpenEntry | undefined,
): { readonly entry: OpenEntry | undefined; readonly hasChildren: boolean } | undefined {
  const offset = cursor.offset;
  const code = cursor.count();
  if (code === 0) return undefined;
  const abbreviation = abbreviations.get(code);
  if (abbreviation === undefined) throw cursor.malformed(`abbreviation ${code} is unknown`);
  const { hasChildren, isTransparent, size } = abbreviation;
  const start = cursor.offset;
  if (size !== undefined) cursor.skip(size);
  else for (const step of abbreviation.steps) skipValue(cursor, step, context);
  if (isTransparent) return { entry: undefined, hasChildren };
  const entry = new OpenEntry({ offset, start, end: cursor.offset }, abbreviation, parent, context);
  parent?.children.push(entry);
  return { entry, hasChildren };
}
