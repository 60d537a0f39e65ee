// Finds the facts about a payload: all of them from its file, fewer from the metadata that Xen lists
// for loaded payloads.

import type { Architecture } from "../isa/architecture.ts";
import { JUMP_SIZE, X86_JUMP_OPCODE } from "../isa/jump.ts";
import { isMarkerSymbol } from "../payload/marker.ts";
import type { Payload, PayloadFunction } from "../payload/payload.ts";
import { readStackingFacts } from "../payload/stacking.ts";
import { FUNCS_SECTION } from "../xen-abi/sections.ts";
import { joinRanges } from "./code-range.ts";
import type { CodeRange, PayloadFacts } from "./facts-form.ts";

/** A byte that belongs to every jump, with or without an ENDBR64 before it; offset from the entry. */
export const JUMP_BYTE: Readonly<Record<Architecture, bigint>> = { x86_64: 4n, aarch64: 0n };

/** All facts that a payload's file contains. */
export function factsOfPayload(payload: Payload): PayloadFacts {
  const { buildId, depends, xenDepends, functions, metadata, sections, architecture } = payload;
  const { mode, guard, marker, requires, kept, lingers, parks, sleeps } =
    readStackingFacts(metadata);
  const writesData = sections.some(({ name, loaded, sizeBytes }) => {
    return loaded === "writable" && sizeBytes > 0 && name !== FUNCS_SECTION;
  });
  return {
    buildId,
    depends,
    xenDepends,
    metadata,
    mode,
    guard,
    marker,
    requires,
    functions: replacedNames(functions),
    replaces: functions.flatMap((entry) =>
      entry.kind === "replace" ? rangesOf(entry, 0n, entry.oldSize) : [],
    ),
    writes: functions.flatMap((entry) => writtenBy(entry, architecture)),
    nops: functions.some(blanksCode) ? "some" : "none",
    guards: joinRanges(
      functions.flatMap((entry) => rangesOf(entry, 0n, entry.expectation?.length ?? 0)),
    ),
    jumps: functions.flatMap((entry) =>
      expectsJump(entry, architecture) ? rangesOf(entry, 0n, JUMP_SIZE[architecture]) : [],
    ),
    exports: payload.exports.map(({ name }) => name),
    imports: payload.needs,
    hooks: [...new Set(payload.hooks.map(({ kind }) => kind))],
    kept,
    lingers,
    parks,
    sleeps,
    data: writesData ? "writable" : "none",
  };
}

/** The facts that the list of loaded payloads contains: not the guard, so not which functions the code calls. */
export function factsOfMetadata(metadata: readonly string[] | undefined): PayloadFacts {
  const told = readStackingFacts(metadata ?? []);
  // Only tools that write a mode also write (or leave out) requirements, hooks, kept pointers and where
  // CPUs stand.
  const isOurs = told.mode !== undefined;
  const requires = isOurs ? told.requires : undefined;
  const hooks = isOurs ? told.hooks : undefined;
  const kept = isOurs ? told.kept : undefined;
  const lingers = isOurs ? told.lingers : undefined;
  const parks = isOurs ? told.parks : undefined;
  const sleeps = isOurs ? told.sleeps : undefined;
  const { unsafe: _, ...facts } = told;
  return { ...unknownFacts, ...facts, requires, hooks, kept, lingers, parks, sleeps, metadata };
}

/** Of a payload of which only the name is known. */
export const unknownFacts: PayloadFacts = {
  buildId: undefined,
  depends: undefined,
  xenDepends: undefined,
  mode: undefined,
  guard: undefined,
  functions: undefined,
  replaces: undefined,
  writes: undefined,
  nops: undefined,
  guards: undefined,
  jumps: undefined,
  marker: undefined,
  requires: undefined,
  exports: undefined,
  imports: undefined,
  hooks: undefined,
  kept: undefined,
  lingers: undefined,
  parks: undefined,
  sleeps: undefined,
  data: undefined,
  metadata: undefined,
};

/** Its own marker, and the covers of others, are code that is never executed. */
function blanksCode({ kind, oldAddress }: PayloadFunction): boolean {
  if (kind !== "nop" || oldAddress.kind === "own") return false;
  return oldAddress.kind !== "symbol" || !isMarkerSymbol(oldAddress.symbol);
}

/** As guards of `build` do: only the opcode, because the distance depends on the load address. */
function expectsJump({ expectation }: PayloadFunction, architecture: Architecture): boolean {
  return (
    architecture === "x86_64" && expectation?.length === 1 && expectation[0] === X86_JUMP_OPCODE
  );
}

function replacedNames(functions: readonly PayloadFunction[]): readonly string[] {
  const names = functions.flatMap((entry) => {
    if (entry.kind !== "replace" || entry.oldAddress.kind === "own") return [];
    const { oldAddress, name } = entry;
    return oldAddress.kind === "symbol" ? oldAddress.symbol : (name ?? []);
  });
  return [...new Set(names)].sort();
}

function writtenBy(entry: PayloadFunction, architecture: Architecture): readonly CodeRange[] {
  if (entry.kind === "nop") return rangesOf(entry, 0n, entry.newSize);
  return entry.kind === "replace" ? rangesOf(entry, JUMP_BYTE[architecture], 1) : [];
}

/** Bytes from the entry's old address on; none in the payload's own code, where no other payload writes. */
function rangesOf(entry: PayloadFunction, from: bigint, sizeBytes: number): readonly CodeRange[] {
  if (sizeBytes === 0) return [];
  const { oldAddress, name } = entry;
  switch (oldAddress.kind) {
    case "own":
      return [];
    case "symbol":
      return [{ symbol: oldAddress.symbol, start: oldAddress.addend + from, sizeBytes }];
    case "address":
      return [{ symbol: undefined, start: oldAddress.address + from, sizeBytes }];
    case "name":
      return name === undefined ? [] : [{ symbol: name, start: from, sizeBytes }];
  }
}
