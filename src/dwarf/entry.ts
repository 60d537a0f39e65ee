// One entry of debug information, and its values, which are read when the first is asked for: of most entries of an
// object nobody asks for one.

import type { Abbreviation } from "./abbreviations.ts";
import { cursorOver, type DwarfCursor } from "./cursor.ts";
import { type AttributeValue, type FormContext, readForm } from "./forms.ts";

export interface DebugEntry {
  /** Offset into .debug_info. */
  readonly offset: number;
  /** Offset after its last value, before its children. */
  readonly end: number;
  /** DW_TAG_…. Blocks and calls get no entry; their children belong to the enclosing entry. */
  readonly tag: number;
  /** In the order of `abbreviation.attributes`, read on first use; see attributeOf(). @throws DwarfError */
  readonly values: readonly AttributeValue[];
  readonly abbreviation: Abbreviation;
  readonly parent: DebugEntry | undefined;
  readonly children: readonly DebugEntry[];
}

export class OpenEntry implements DebugEntry {
  readonly offset: number;
  readonly end: number;
  readonly abbreviation: Abbreviation;
  readonly parent: OpenEntry | undefined;
  readonly children: DebugEntry[];
  readonly #context: FormContext;
  readonly #start: number;
  #values: readonly AttributeValue[] | undefined;

  /** @param start of its first value */
  constructor(
    {
      offset,
      start,
      end,
    }: { readonly offset: number; readonly start: number; readonly end: number },
    abbreviation: Abbreviation,
    parent: OpenEntry | undefined,
    context: FormContext,
  ) {
    this.offset = offset;
    this.end = end;
    this.abbreviation = abbreviation;
    this.parent = parent;
    this.children = abbreviation.hasChildren ? [] : noChildren;
    this.#context = context;
    this.#start = start;
  }

  get tag(): number {
    return this.abbreviation.tag;
  }

  get values(): readonly AttributeValue[] {
    this.#values ??= readValues(this.abbreviation, this.#start, this.#context);
    return this.#values;
  }
}

/** Nothing is added to it. */
const noChildren: DebugEntry[] = [];

function readValues(
  { steps }: Abbreviation,
  start: number,
  context: FormContext,
): readonly AttributeValue[] {
  const cursor = cursorOver(context.sections.info, context.sections.source, start);
  const values: AttributeValue[] = [];
  for (const step of steps) {
    if (step.kind === "keep") values.push(readForm(cursor, step, context));
    else skipValue(cursor, step, context);
  }
  return values;
}

export function skipValue(
  cursor: DwarfCursor,
  step: Abbreviation["steps"][number],
  context: FormContext,
): void {
  if (step.size !== undefined) cursor.skip(step.size);
  else if (step.kind !== "skip") readForm(cursor, step, context);
}

export function attributeOf(
  { values, abbreviation }: DebugEntry,
  attribute: number,
): AttributeValue | undefined {
  const index = abbreviation.attributes.indexOf(attribute);
  return index < 0 ? undefined : values[index];
}

export function hasAttribute({ abbreviation }: DebugEntry, attribute: number): boolean {
  return abbreviation.attributes.includes(attribute);
}
