// The bytes that can be compared before a REPLACE. Xen compares them after it has reverted everything;
// at present the applied payloads have jumps at the entries of the functions that they replace. Those
// bytes are left out: revert restores what Xen saved there.

import type { ListedPayload } from "../host/host.ts";
import { settledState } from "../host/settled-state.ts";
import { ENDBR64_SIZE } from "../isa/endbr64.ts";
import { JUMP_SIZE } from "../isa/jump.ts";
import { readStackingFacts } from "../payload/stacking.ts";
import type { ExpectedBytes } from "./expected-code.ts";

export function withoutJumps(
  expected: readonly ExpectedBytes[],
  loaded: readonly ListedPayload[],
): readonly ExpectedBytes[] {
  const replaced = replacedFunctions(loaded);
  return expected.flatMap((place) => {
    if (replaced !== "any" && !replaced.has(place.symbol)) return [place];
    const jump = jumpPlace(place.symbol, expected);
    return cutOut(place, jump);
  });
}

/** `any` when an applied payload does not say what it replaces. */
function replacedFunctions(loaded: readonly ListedPayload[]): ReadonlySet<string> | "any" {
  const replaced = new Set<string>();
  for (const { status, metadata } of loaded) {
    if (settledState(status) !== "applied") continue;
    const { functions } = readStackingFacts(metadata ?? []);
    if (functions === undefined) return "any";
    for (const name of functions) replaced.add(name);
  }
  return replaced;
}

interface Cut {
  readonly start: number;
  readonly end: number;
}

/** After the ENDBR64, which exists if the payload expects nothing of the first bytes. */
function jumpPlace(symbol: string, expected: readonly ExpectedBytes[]): Cut {
  const offsets = expected.flatMap((one) => (one.symbol === symbol ? [one.offset] : []));
  const start = Math.min(...offsets) < ENDBR64_SIZE ? 0 : ENDBR64_SIZE;
  return { start, end: start + JUMP_SIZE.x86_64 };
}

function cutOut(place: ExpectedBytes, { start, end }: Cut): readonly ExpectedBytes[] {
  const { offset, bytes } = place;
  const part = (from: number, to: number): readonly ExpectedBytes[] => {
    const [first, last] = [Math.max(0, from - offset), Math.min(bytes.length, to - offset)];
    if (first >= last) return [];
    return [{ ...place, offset: offset + first, bytes: bytes.slice(first, last) }];
  };
  return [...part(offset, start), ...part(end, offset + bytes.length)];
}
