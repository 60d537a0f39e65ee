// Debug information as a tree of entries, read from .debug_info with the abbreviations of
// .debug_abbrev (DWARF 5, sections 7.5.1 to 7.5.3; DWARF 4 differs in the unit's header).

import type { ElfObject } from "../elf/object.ts";
import { DwarfForm } from "./types-constants.ts";
import { DwarfCursor } from "./types-cursor.ts";
import {
  type AttributeForm,
  type AttributeValue,
  type FormContext,
  readForm,
} from "./types-forms.ts";
import { type DebugSections, findDebugSections } from "./types-sections.ts";

export interface DebugEntry {
  /** Into .debug_info. */
  readonly offset: number;
  /** DW_TAG_… */
  readonly tag: number;
  /** By DW_AT_… */
  readonly attributes: ReadonlyMap<number, AttributeValue>;
  readonly parent: DebugEntry | undefined;
  readonly children: readonly DebugEntry[];
}

export interface DebugInfo {
  readonly sections: DebugSections;
  /** One for each translation unit. */
  readonly units: readonly DebugEntry[];
  readonly byOffset: ReadonlyMap<number, DebugEntry>;
}

/** DW_UT_compile: the only kind of unit that gcc makes without being asked for others. */
const UNIT_TYPE_COMPILE = 1;
/** Deeper trees than any C source makes. */
const DEPTH_MAX = 1000;

/** Several questions are asked of one object; reading it is most of what each would cost. */
const alreadyRead = new WeakMap<ElfObject, DebugInfo | undefined>();

/** Undefined when the object has none. @throws BuilderError builder/bad-debug-info, ElfError */
export function readDebugInfo(object: ElfObject): DebugInfo | undefined {
  if (!alreadyRead.has(object)) alreadyRead.set(object, readWholeInfo(object));
  return alreadyRead.get(object);
}

function readWholeInfo(object: ElfObject): DebugInfo | undefined {
  const sections = findDebugSections(object);
  if (sections === undefined) return undefined;
  const cursor = new DwarfCursor(sections.info, sections.source);
  const byOffset = new Map<number, DebugEntry>();
  const units: DebugEntry[] = [];
  while (cursor.offset < cursor.length) units.push(readUnit(cursor, sections, byOffset));
  return { sections, units, byOffset };
}

/** The first entry of every unit, without what lies below: who made it, and how. */
export function readUnitRoots(object: ElfObject): readonly DebugEntry[] {
  const sections = findDebugSections(object);
  if (sections === undefined) return [];
  const cursor = new DwarfCursor(sections.info, sections.source);
  const roots: DebugEntry[] = [];
  while (cursor.offset < cursor.length) {
    const { end, context, abbreviations } = readUnitHeader(cursor, sections);
    const root = readEntry(cursor, abbreviations, context, undefined);
    if (root !== undefined) roots.push(root.entry);
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
  /** Of the unit, into .debug_info. */
  readonly end: number;
  readonly context: FormContext;
  readonly abbreviations: ReadonlyMap<number, Abbreviation>;
}

function readUnitHeader(cursor: DwarfCursor, sections: DebugSections): UnitHeader {
  const unitOffset = cursor.offset;
  const size = cursor.u32();
  const end = cursor.offset + size;
  if (end > cursor.length) throw cursor.malformed("a unit ends behind the section");
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
  return {
    end,
    context: { sections, unitOffset, addressSize },
    abbreviations: readAbbreviations(sections, abbreviationOffset),
  };
}

interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly forms: readonly AttributeForm[];
}

function readAbbreviations(
  { abbreviations, source }: DebugSections,
  offset: number,
): ReadonlyMap<number, Abbreviation> {
  const cursor = new DwarfCursor(abbreviations, source, offset);
  const found = new Map<number, Abbreviation>();
  for (let code = cursor.count(); code !== 0; code = cursor.count()) {
    const tag = cursor.count();
    const hasChildren = cursor.u8() !== 0;
    const forms: AttributeForm[] = [];
    for (;;) {
      const [attribute, form] = [cursor.count(), cursor.count()];
      const constant = form === DwarfForm.DW_FORM_implicit_const ? cursor.sleb() : undefined;
      if (attribute === 0 && form === 0) break;
      forms.push({ attribute, form, constant });
    }
    found.set(code, { tag, hasChildren, forms });
  }
  return found;
}

type OpenEntry = DebugEntry & { readonly children: DebugEntry[] };

/** The root of the unit, with everything below. */
function readEntries(
  cursor: DwarfCursor,
  end: number,
  abbreviations: ReadonlyMap<number, Abbreviation>,
  context: FormContext,
  byOffset: Map<number, DebugEntry>,
): DebugEntry | undefined {
  const open: OpenEntry[] = [];
  let root: DebugEntry | undefined;
  while (cursor.offset < end) {
    const found = readEntry(cursor, abbreviations, context, open.at(-1));
    if (found === undefined) open.pop();
    else {
      const { entry, hasChildren } = found;
      byOffset.set(entry.offset, entry);
      root ??= entry;
      if (hasChildren) open.push(entry);
      if (open.length > DEPTH_MAX) throw cursor.malformed("entries are nested too deep");
    }
    if (open.length === 0) break;
  }
  return root;
}

/** Undefined for the mark that ends a list of children. */
function readEntry(
  cursor: DwarfCursor,
  abbreviations: ReadonlyMap<number, Abbreviation>,
  context: FormContext,
  parent: OpenEntry | undefined,
): { readonly entry: OpenEntry; readonly hasChildren: boolean } | undefined {
  const offset = cursor.offset;
  const code = cursor.count();
  if (code === 0) return undefined;
  const abbreviation = abbreviations.get(code);
  if (abbreviation === undefined) throw cursor.malformed(`abbreviation ${code} is unknown`);
  const attributes = new Map<number, AttributeValue>();
  for (const form of abbreviation.forms) {
    attributes.set(form.attribute, readForm(cursor, form, context));
  }
  const entry: OpenEntry = { offset, tag: abbreviation.tag, attributes, parent, children: [] };
  parent?.children.push(entry);
  return { entry, hasChildren: abbreviation.hasChildren };
}
