// Code on a host that differs from what a payload expects: the first differing byte, the instruction
// around it on both sides, and the payload that most likely changed it.

import { parseHex } from "../bytes/hex.ts";
import type { UnexpectedCode } from "../host/errors.ts";
import type { ListedPayload } from "../host/host.ts";
import { settledState } from "../host/settled-state.ts";
import { AARCH64_INSTRUCTION_SIZE } from "../isa/aarch64/branches.ts";
import type { Architecture } from "../isa/architecture.ts";
import { eachInstruction } from "../isa/x86-decode.ts";
import { readCoverLabel } from "../payload/emit/required-markers.ts";
import { readStackingFacts } from "../payload/stacking.ts";
import type { ExpectedFunction } from "./expected-code.ts";
import { placeOfLabel } from "./probe-payload.ts";

export interface CodeDifference {
  /** As spelt in Xen's table. */
  readonly functionName: string;
  /** Of the first byte that differs, from the start of the function. */
  readonly offset: number;
  /** Offset of `expected[0]` and `actual[0]`: where the instruction begins, as far as that is known. */
  readonly start: number;
  readonly expected: Uint8Array;
  /** Of the same length. */
  readonly actual: Uint8Array;
  readonly suspects: readonly Suspect[];
  /** If it is the cover of a function (payload/marker.ts): which function, and of which payload. */
  readonly cover?: Cover;
}

export interface Cover {
  readonly functionName: string;
  /** By its name on the host, or its build-id when it is not loaded. */
  readonly payload: string;
}

export interface Suspect {
  readonly payload: string;
  /** `replaces-it`: its metadata says so; `may-replace-it`: its metadata does not say what it replaces. */
  readonly because: "replaces-it" | "may-replace-it";
}

export interface DifferenceContext {
  /**
   * The code that a payload expects, by function, as far as it is known: the preceding bytes show where
   * instructions begin.
   */
  readonly functions: ReadonlyMap<string, ExpectedFunction>;
  /** `undefined`: instructions are not decoded. */
  readonly architecture: Architecture | undefined;
  readonly loaded: readonly ListedPayload[];
  readonly replacedBy?: ReplacedBy | undefined;
}

/** What applied payloads replace, by their names, as far as more is known than their metadata says. */
export type ReplacedBy = ReadonlyMap<string, readonly string[]>;

/** `undefined` when Xen's message cannot be parsed. */
export function differenceOf(
  { place, expected, actual }: UnexpectedCode,
  { functions, architecture, loaded, replacedBy }: DifferenceContext,
): CodeDifference | undefined {
  const { symbol: functionName, offset: chunkStart } = placeOfLabel(place);
  const [wanted, present] = [parseBytes(expected), parseBytes(actual)];
  if (wanted === undefined || present === undefined) return undefined;
  const first = wanted.findIndex((byte, index) => byte !== present[index]);
  if (first < 0) return undefined;
  const offset = chunkStart + first;
  const known = new Map(functions.get(functionName));
  for (const [index, byte] of wanted.entries()) known.set(chunkStart + index, byte);
  const start = instructionStart(known, architecture, offset);
  // Xen stops at the first entry that differs, so the code before it is as expected.
  const before: number[] = [];
  for (let at = start; at < chunkStart; at++) before.push(known.get(at) ?? 0);
  const skipped = Math.max(0, start - chunkStart);
  const cover = findCover(functionName, loaded);
  return {
    functionName,
    offset,
    start,
    expected: Uint8Array.from([...before, ...wanted.subarray(skipped)]),
    actual: Uint8Array.from([...before, ...present.subarray(skipped)]),
    ...(cover === undefined
      ? { suspects: suspectsFor(functionName, loaded, replacedBy) }
      : { cover, suspects: suspectsAbove(cover, loaded, replacedBy) }),
  };
}

function findCover(label: string, loaded: readonly ListedPayload[]): Cover | undefined {
  const read = readCoverLabel(label);
  if (read === undefined) return undefined;
  const { functionName, buildId } = read;
  const lower = loaded.find(({ metadata }) => {
    return readStackingFacts(metadata ?? []).buildId === buildId;
  });
  return { functionName, payload: lower?.name ?? buildId };
}

function suspectsAbove(
  { functionName, payload }: Cover,
  loaded: readonly ListedPayload[],
  replacedBy: ReplacedBy | undefined,
): readonly Suspect[] {
  return suspectsFor(
    functionName,
    loaded.filter(({ name }) => name !== payload),
    replacedBy,
  );
}

/** Applied payloads that replace the function, or else those that do not say what they replace. */
export function suspectsFor(
  functionName: string,
  loaded: readonly ListedPayload[],
  replacedBy?: ReplacedBy,
): readonly Suspect[] {
  const applied = loaded
    .filter(({ status }) => settledState(status) === "applied")
    .map(({ name, metadata }) => ({
      payload: name,
      functions: replacedBy?.get(name) ?? readStackingFacts(metadata ?? []).functions,
    }));
  const certain = applied.filter(({ functions }) => functions?.includes(functionName));
  if (certain.length > 0) {
    return certain.map(({ payload }) => ({ payload, because: "replaces-it" }));
  }
  return applied
    .filter(({ functions }) => functions === undefined)
    .map(({ payload }) => ({ payload, because: "may-replace-it" }));
}

function parseBytes(hex: string): Uint8Array | undefined {
  return /^([0-9a-f]{2})+$/.test(hex) ? parseHex(hex) : undefined;
}

/** The start of the instruction at `offset`, decoding from where the expected code begins. */
function instructionStart(
  known: ExpectedFunction,
  architecture: Architecture | undefined,
  offset: number,
): number {
  if (architecture === "aarch64") return offset - (offset % AARCH64_INSTRUCTION_SIZE);
  let runStart = offset;
  while (known.has(runStart - 1)) runStart--;
  if (architecture === undefined) return runStart;
  const run: number[] = [];
  for (let at = runStart; known.has(at); at++) run.push(known.get(at) ?? 0);
  let start = runStart;
  // Only lengths are needed, so an offset can stand for an address.
  const address = BigInt.asUintN(64, BigInt(runStart));
  eachInstruction(Uint8Array.from(run), address, (instruction) => {
    const at = Number(BigInt.asIntN(64, instruction.ip));
    if (at <= offset) start = at;
  });
  return start;
}
