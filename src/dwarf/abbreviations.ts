// How the entries of a unit are written (.debug_abbrev; DWARF 5, section 7.5.3), turned into steps that
// read the requested attributes and skip the rest.

import { DwarfAttribute, DwarfForm, DwarfTag } from "./constants.ts";
import { DwarfCursor } from "./cursor.ts";
import { type AttributeForm, sizeOfForm } from "./forms.ts";
import type { DebugSections } from "./sections.ts";

/** How entries of one kind are written. A large object has thousands of each kind. */
export interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  /** The requested attributes, DW_AT_…. */
  readonly attributes: readonly number[];
  readonly steps: readonly Step[];
  /** Of all values together, in bytes, where it is always the same. */
  readonly size: number | undefined;
  readonly isTransparent: boolean;
}

type Step =
  | { readonly kind: "skip"; readonly size: number }
  /** Its size in bytes, where the form has a fixed one. */
  | ({ readonly kind: "pass" | "keep"; readonly size: number | undefined } & AttributeForm);

const wantedAttributes: ReadonlySet<number> = new Set(Object.values(DwarfAttribute));
const transparentTags: ReadonlySet<number> = new Set([
  DwarfTag.DW_TAG_label,
  DwarfTag.DW_TAG_lexical_block,
  DwarfTag.DW_TAG_call_site,
  DwarfTag.DW_TAG_call_site_parameter,
  DwarfTag.DW_TAG_GNU_call_site,
  DwarfTag.DW_TAG_GNU_call_site_parameter,
]);

/** The table at `offset`, by code. @throws DwarfError dwarf/malformed */
export function readAbbreviations(
  { abbreviations, source }: DebugSections,
  offset: number,
  addressSize: number,
): ReadonlyMap<number, Abbreviation> {
  const cursor = new DwarfCursor(abbreviations, source, offset);
  const found = new Map<number, Abbreviation>();
  for (let code = cursor.count(); code !== 0; code = cursor.count()) {
    found.set(code, readAbbreviation(cursor, addressSize));
  }
  return found;
}

function readAbbreviation(cursor: DwarfCursor, addressSize: number): Abbreviation {
  const tag = cursor.count();
  const hasChildren = cursor.u8() !== 0;
  const attributes: number[] = [];
  const steps: Step[] = [];
  for (;;) {
    const [attribute, form] = [cursor.count(), cursor.count()];
    const constant = form === DwarfForm.DW_FORM_implicit_const ? cursor.sleb() : undefined;
    if (attribute === 0 && form === 0) break;
    const size = sizeOfForm(form, addressSize);
    const last = steps.at(-1);
    if (wantedAttributes.has(attribute)) {
      attributes.push(attribute);
      steps.push({ kind: "keep", form, constant, size });
    } else if (size === undefined) steps.push({ kind: "pass", form, constant, size });
    else if (last?.kind === "skip")
      steps[steps.length - 1] = { kind: "skip", size: last.size + size };
    else steps.push({ kind: "skip", size });
  }
  // The parameters of an inlined function are described by the function itself.
  const isRepeated =
    tag === DwarfTag.DW_TAG_formal_parameter && !attributes.includes(DwarfAttribute.DW_AT_type);
  const isTransparent = isRepeated || transparentTags.has(tag);
  const sizes = steps.map(({ size }) => size);
  const size = sizes.reduce(
    (sum, one) => (sum === undefined || one === undefined ? undefined : sum + one),
    0,
  );
  return { tag, hasChildren, attributes, steps, size, isTransparent };
}
