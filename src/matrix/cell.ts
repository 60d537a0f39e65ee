// One base of a matrix, as it is kept beside its payload: what was made, of which inputs. A later run builds
// only where the key of all inputs is another one, or a file is gone or changed.

import * as v from "valibot";
import { sha256 } from "../bytes/sha256.ts";
import { type Described, decodeJson } from "../json/decode-json.ts";
import { count, maybe } from "../json/fields.ts";

const FORMAT = 1;

const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
/** Below the directory of the results. */
const fileSchema = v.object({ path: v.string(), sha256: digest });

const proofVerdicts = ["closed", "not-closed", "not-shown"] as const;

const proofSchema = v.object({
  key: digest,
  verdict: v.picklist(proofVerdicts),
  because: maybe(v.string()),
  file: fileSchema,
  seconds: v.number(),
});

export const cellSchema = v.object({
  format: v.literal(FORMAT),
  key: digest,
  label: v.string(),
  buildId: v.string(),
  /** `no-change`: nothing that runs differs, or nothing but what may be left out. */
  outcome: v.picklist(["built", "refused", "no-change"]),
  /** Of a refusal, in words; the report has all of it. */
  reasons: v.array(v.string()),
  functions: count,
  payload: maybe(fileSchema),
  payloadBuildId: maybe(v.string()),
  report: fileSchema,
  proof: maybe(proofSchema),
  seconds: v.number(),
});

export type Cell = Described<typeof cellSchema>;
export type CellFile = Described<typeof fileSchema>;

export function encodeCell(cell: Omit<Cell, "format">): string {
  return `${JSON.stringify({ format: FORMAT, ...cell }, undefined, 1)}\n`;
}

/** `undefined` for what an earlier xSplice, or somebody else, has written: it is made again. */
export function decodeCell(text: string): Cell | undefined {
  const decoded = decodeJson(text, cellSchema);
  return decoded.kind === "value" ? decoded.value : undefined;
}

/** All that the bytes of a payload, or the reasons of a refusal, come from. */
export interface CellInputs {
  /** Version of xSplice, and of its code where that is known. */
  readonly tool: readonly string[];
  readonly source: string;
  readonly xenSyms: string;
  readonly config: string;
  /** Its command, and its version's text. */
  readonly compiler: readonly [command: string, version: string];
  readonly patches: readonly InputFile[];
  readonly pristine: readonly InputFile[];
  readonly hooks: readonly InputFile[];
  /** Of the command line; each value that stands there. */
  readonly options: Readonly<Record<string, readonly string[]>>;
  /** Names of files differ from layout to layout. */
  readonly file: string;
}

export interface InputFile {
  /** Without its directory. */
  readonly name: string;
  readonly sha256: string;
}

/** The same inputs in whatever order their names stand. */
export function cellKey({ options, ...inputs }: CellInputs): string {
  const sorted = Object.entries(options).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const named = Object.entries(inputs).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return sha256(JSON.stringify([named, sorted]));
}

export function proofKey(payload: string, trigger: string, repeat: number): string {
  return sha256(JSON.stringify([payload, trigger, repeat]));
}

/** @param digestAt of a file below the directory of the results; `undefined` where it is gone */
export function isCurrent(
  cell: Cell | undefined,
  key: string,
  digestAt: (path: string) => string | undefined,
): cell is Cell {
  if (cell === undefined || cell.key !== key) return false;
  const files = [cell.report, ...(cell.payload === undefined ? [] : [cell.payload])];
  return files.every((file) => digestAt(file.path) === file.sha256);
}

export function isProved(
  { proof }: Cell,
  key: string,
  digestAt: (path: string) => string | undefined,
): boolean {
  return (
    proof !== undefined && proof.key === key && digestAt(proof.file.path) === proof.file.sha256
  );
}
