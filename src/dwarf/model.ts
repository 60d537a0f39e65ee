// The types of one object in C terms: names, members, and places of declaration. Types that only rename
// or qualify another one (typedef, const, volatile) are resolved to it.

import { posix } from "node:path";
import type { ElfObject } from "../elf/object.ts";
import { DwarfAttribute as A, DwarfTag as T } from "./constants.ts";
import { attributeOf, type DebugEntry, hasAttribute } from "./entry.ts";
import { sourceFilesOf } from "./files.ts";
import { type DebugInfo, entriesOf, readDebugInfo } from "./read.ts";

export interface TypeModel {
  readonly info: DebugInfo;
  /** By the C name: `struct domain`, `enum mode`, or a typedef's name. Complete types only. */
  readonly types: ReadonlyMap<string, DebugEntry>;
  /** The name of a type; undefined for types without a name. */
  readonly nameOf: (type: DebugEntry) => string | undefined;
  /** The file in which an entry is declared. */
  readonly fileOf: (entry: DebugEntry) => string | undefined;
}

/** Undefined when the object has no debug information. @throws DwarfError, ElfError */
export function findTypes(object: ElfObject): TypeModel | undefined {
  const info = readDebugInfo(object);
  if (info === undefined) return undefined;
  const known = models.get(info);
  if (known !== undefined) return known;
  const model = modelOf(info);
  models.set(info, model);
  return model;
}

const models = new WeakMap<DebugInfo, TypeModel>();

function modelOf(info: DebugInfo): TypeModel {
  const typedefs = new Map<DebugEntry, string>();
  for (const entry of entriesOf(info, T.DW_TAG_typedef)) {
    const target = typeOf(info, entry);
    if (target !== undefined && !typedefs.has(target))
      typedefs.set(target, textOf(entry, A.DW_AT_name) ?? "");
  }
  const nameOf = (type: DebugEntry): string | undefined => {
    const bare = textOf(type, A.DW_AT_name) ?? undefined;
    if (bare === undefined) return typedefs.get(type) ?? enumLabel(type);
    const scope = scopeOf(type);
    return `${keywordOf(type)} ${scope === undefined ? "" : `${scope}::`}${bare}`;
  };
  const types = new Map<string, DebugEntry>();
  for (const entry of aggregateTags.flatMap((tag) => entriesOf(info, tag))) {
    if (hasAttribute(entry, A.DW_AT_declaration)) continue;
    const name = nameOf(entry);
    if (name !== undefined && !types.has(name)) types.set(name, entry);
  }
  return { info, types, nameOf, fileOf: fileFinder(info) };
}

const aggregateTags: readonly number[] = [
  T.DW_TAG_structure_type,
  T.DW_TAG_union_type,
  T.DW_TAG_enumeration_type,
];

/** Struct, union or enum. */
export function isAggregate({ tag }: DebugEntry): boolean {
  return aggregateTags.includes(tag);
}

/** A number, an enumeration constant or a pointer. */
export function isScalar({ tag }: DebugEntry): boolean {
  const tags: readonly number[] = [
    T.DW_TAG_base_type,
    T.DW_TAG_enumeration_type,
    T.DW_TAG_pointer_type,
  ];
  return tags.includes(tag);
}

/** The type of an entry; undefined for void. */
export function typeOf(info: DebugInfo, entry: DebugEntry): DebugEntry | undefined {
  return entryAt(info, entry, A.DW_AT_type);
}

/** The entry that an attribute refers to. */
export function entryAt(
  info: DebugInfo,
  entry: DebugEntry,
  attribute: number,
): DebugEntry | undefined {
  const offset = attributeOf(entry, attribute);
  return typeof offset === "number" ? info.byOffset.get(offset) : undefined;
}

/** Resolves typedefs and qualifiers. */
export function bareType(info: DebugInfo, type: DebugEntry | undefined): DebugEntry | undefined {
  const transparent: readonly number[] = [
    T.DW_TAG_typedef,
    T.DW_TAG_const_type,
    T.DW_TAG_volatile_type,
    T.DW_TAG_restrict_type,
    T.DW_TAG_atomic_type,
  ];
  let found = type;
  while (found !== undefined && transparent.includes(found.tag)) found = typeOf(info, found);
  return found;
}

export function numberOf(entry: DebugEntry, attribute: number): bigint | undefined {
  const value = attributeOf(entry, attribute);
  return typeof value === "number" || typeof value === "bigint" ? BigInt(value) : undefined;
}

export function textOf(entry: DebugEntry, attribute: number): string | undefined {
  const value = attributeOf(entry, attribute);
  return typeof value === "string" ? value : undefined;
}

export function childrenOf(entry: DebugEntry, tag: number): readonly DebugEntry[] {
  return entry.children.filter((child) => child.tag === tag);
}

export function keywordOf({ tag }: DebugEntry): string {
  if (tag === T.DW_TAG_enumeration_type) return "enum";
  return tag === T.DW_TAG_union_type ? "union" : "struct";
}

/** An enumeration without a name is known by its first constant. */
function enumLabel(type: DebugEntry): string | undefined {
  if (type.tag !== T.DW_TAG_enumeration_type) return undefined;
  const [first] = childrenOf(type, T.DW_TAG_enumerator);
  const name = first === undefined ? undefined : textOf(first, A.DW_AT_name);
  return name === undefined ? undefined : `enum { ${name}, … }`;
}

/** The function in which a type is declared. */
function scopeOf(type: DebugEntry): string | undefined {
  for (let entry = type.parent; entry !== undefined; entry = entry.parent) {
    if (entry.tag === T.DW_TAG_subprogram) return textOf(entry, A.DW_AT_name) ?? "";
  }
  return undefined;
}

/**
 * Where a compiler ran below the top of a source, which the paths of debug information were mapped to
 * (`-ffile-prefix-map=TOP=.`): mapped paths begin with a dot there, others count from where it ran.
 */
function fromTop(file: string, ranIn: string | undefined): string {
  const isBelow = ranIn?.startsWith("./") === true;
  return isBelow && !/^\.?\//.test(file) ? posix.join(ranIn, file) : file;
}

function fileFinder(info: DebugInfo): (entry: DebugEntry) => string | undefined {
  const byUnit = new Map<DebugEntry, ReadonlyMap<number, string>>();
  return (entry) => {
    const number = numberOf(entry, A.DW_AT_decl_file);
    let unit = entry;
    while (unit.parent !== undefined) unit = unit.parent;
    const files = byUnit.get(unit) ?? sourceFilesOf(unit, info.sections);
    byUnit.set(unit, files);
    const file = number === undefined ? undefined : files.get(Number(number));
    return file === undefined ? undefined : fromTop(file, textOf(unit, A.DW_AT_comp_dir));
  };
}
