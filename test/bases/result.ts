// What the last run found on each base: kept in docs/bases.json, shown in docs/bases.md.

import * as v from "valibot";
import { type Described, decodeJson } from "../../src/json/decode-json.ts";

const cellSchema = v.object({
  cell: v.string(),
  /**
   * "refused": xsplice said that it cannot be done, with its reason, and nothing was loaded. "not-tried":
   * what it takes cannot be had.
   */
  outcome: v.picklist(["passed", "refused", "failed", "not-tried"]),
  words: v.string(),
  seconds: v.number(),
});

const baseSchema = v.object({
  name: v.string(),
  compiler: v.string(),
  on: v.string(),
  cells: v.array(cellSchema),
});
const fileSchema = v.object({ format: v.literal(1), bases: v.array(baseSchema) });

export type CellResult = Described<typeof cellSchema>;
export type BaseResult = Described<typeof baseSchema>;

export function readResults(text: string | undefined): readonly BaseResult[] {
  if (text === undefined) return [];
  const decoded = decodeJson(text, fileSchema);
  if (decoded.kind === "value") return decoded.value.bases;
  throw new Error(`docs/bases.json cannot be read: ${decoded.problem}`);
}

export function writeResults(bases: readonly BaseResult[]): string {
  return `${JSON.stringify({ format: 1, bases }, undefined, 1)}\n`;
}

/** The newer cells take the place of older ones of the same hypervisor. */
export function mergeResults(old: readonly BaseResult[], found: BaseResult): readonly BaseResult[] {
  const before = old.find(({ name }) => name === found.name)?.cells ?? [];
  const newer = new Set(found.cells.map(({ cell }) => cell));
  const cells = [...before.filter(({ cell }) => !newer.has(cell)), ...found.cells];
  const all = [...old.filter(({ name }) => name !== found.name), { ...found, cells }];
  return all.sort((one, other) => one.name.localeCompare(other.name, "en", { numeric: true }));
}

export interface Summary {
  readonly bases: number;
  readonly cells: number;
  readonly passed: number;
  readonly refusedTruthfully: number;
  readonly failed: number;
}

export function summarize(bases: readonly BaseResult[]): Summary {
  const cells = bases.flatMap((base) => base.cells);
  const count = (wanted: CellResult["outcome"]) =>
    cells.filter(({ outcome }) => outcome === wanted).length;
  return {
    bases: bases.length,
    cells: cells.length - count("not-tried"),
    passed: count("passed"),
    refusedTruthfully: count("refused"),
    failed: count("failed"),
  };
}
