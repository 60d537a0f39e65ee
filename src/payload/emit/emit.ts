// Makes a payload: compiled objects in, the bytes of a live patch out. Pure; the same inputs give the
// same bytes. All code that builds payloads uses this, so each rule that keeps a payload loadable on
// every release, and replaceable by a later one, is in one place (ABI reference §1.10, §2.11, §8.2).
// emitPayload() is the list of passes; each pass is in the file that it is imported from.

import type { DraftSymbol, ElfDraft } from "../../elf/draft.ts";
import { writeElf } from "../../elf/write.ts";
import { stampBuildId } from "../build-id.ts";
import {
  addOrigin,
  addReasons,
  addSources,
  addSymbolMap,
  requireUndefinedSymbol,
  undefinedSymbolsOf,
} from "../draft-tables.ts";
import type { Marker } from "../marker.ts";
import { namesKept } from "../pointers/kept-pointers.ts";
import { type PointerFacts, pointerFactsOf } from "../pointers/pointer-facts.ts";
import type { SymbolMap } from "../symbol-map.ts";
import { broughtFunctions, buildSymbolMap } from "./brought-symbols.ts";
import {
  addMarker,
  type CarriedMarker,
  finishedMarker,
  markerTableEntry,
} from "./carried-marker.ts";
import { checkEmitInput, checkLimits, checkSize } from "./checks.ts";
import { addExclusiveNames } from "./exclusive-names.ts";
import type { EmitInput, Hook, Keeping } from "./input.ts";
import { joinSections } from "./join-sections.ts";
import { keepRegisters } from "./keep-registers.ts";
import { type MergedObjects, mergeObjects } from "./merge-objects.ts";
import { pruneSymbols } from "./prune-symbols.ts";
import { redirectToXen } from "./redirect.ts";
import {
  coverTableEntry,
  guardsOfRequired,
  guardsOfUncovered,
  neededCovers,
} from "./required-markers.ts";
import type { TableEntry } from "./table-entry.ts";
import { addFunctionTable, addHooks, addMetadata, addNotes } from "./tables.ts";
import { hashInputs, tagOfHash, tagSymbols } from "./tag.ts";
import { keepTravellingSections } from "./travelling-sections.ts";

export interface EmittedPayload {
  readonly bytes: Uint8Array;
  readonly buildId: Uint8Array;
  /** The payload's functions and objects, under their names. */
  readonly symbolMap: SymbolMap;
  /** For payloads that require this one to be applied. */
  readonly marker: Marker | undefined;
  /** Where the addresses of its functions and objects are stored. */
  readonly pointers: PointerFacts;
}

/**
 * @throws EmitError when the objects or the entries cannot make a payload; ElfError for contents that
 * cannot be written
 */
export function emitPayload(input: EmitInput): EmittedPayload {
  const { architecture } = input;
  const merged = mergeObjects(input.objects, architecture);
  checkEmitInput(input);
  // From here on there is one draft, in which every global of the objects is resolved; undefined
  // symbols are symbols of Xen.
  const { draft } = merged;
  keepTravellingSections(draft, architecture);
  const hash = hashInputs(draft, input);
  const work = bindEntries(input, merged);
  // From here on the table's entries and hooks refer to symbols of the draft.
  redirectToXen(draft, work.replacements, architecture);
  if (work.keeping !== undefined) keepRegisters(draft, work.keeping);
  const marker = carryMarker(draft, work, input, hash);
  tagSymbols(draft, tagOfHash(hash));
  joinSections(draft, architecture);
  // From here on every section and symbol of the objects is at its place in the payload.
  const { sourceNames } = merged;
  const symbolMap = buildSymbolMap(draft, {
    ...work,
    appliedMarker: marker,
    sourceNames,
    newNames: input.newNames ?? new Map(),
  });
  const markerRows = marker === undefined ? [] : [markerTableEntry(marker)];
  addFunctionTable(
    draft,
    [...work.guards, ...work.replacing, ...work.covers, ...markerRows],
    input,
  );
  addExclusiveNames(draft, input.exclusive ?? []);
  addHooks(draft, work.hooks, architecture);
  addNotes(draft, input);
  const pointers = pointerFactsOf(draft);
  addMetadata(draft, input, { marker, kept: namesKept(pointers.kept) });
  addSymbolMap(draft, symbolMap);
  addReasons(draft, input.reasons);
  addOrigin(draft, input.origin);
  addSources(draft, input.sources);
  pruneSymbols(draft);
  checkLimits(draft);
  const bytes = writeElf(draft);
  checkSize(bytes, input);
  const buildId = stampBuildId(bytes);
  return { bytes, buildId, symbolMap, marker: marker && finishedMarker(marker), pointers };
}

/** A replaced function: its new body, and Xen's own by name. */
interface BoundReplacement {
  readonly newBody: DraftSymbol;
  readonly xenFunction: DraftSymbol;
}

interface BoundEntries {
  readonly guards: readonly TableEntry[];
  readonly replacing: readonly TableEntry[];
  readonly covers: readonly TableEntry[];
  readonly replacements: readonly BoundReplacement[];
  readonly hooks: readonly Hook[];
  readonly keeping: Keeping | undefined;
}

/** Guards come first: Xen checks in table order, and their labels are more precise. */
function bindEntries(input: EmitInput, { draft, symbolOf }: MergedObjects): BoundEntries {
  const known = undefinedSymbolsOf(draft);
  const required = input.stacking.requires.flatMap(guardsOfRequired);
  const uncovered = guardsOfUncovered(input.uncovered ?? [], input.stacking.requires);
  const guards = [...required, ...uncovered, ...input.guards].map(
    ({ label, oldName, oldOffset, bytes }): TableEntry => ({
      label,
      oldFunction: requireUndefinedSymbol(draft, known, oldName),
      oldOffset,
      oldSizeBytes: bytes.length,
      becomes: 0,
      expectation: bytes,
    }),
  );
  const replacements = input.replacements.map(
    ({ oldName, newBody }): BoundReplacement => ({
      newBody: symbolOf(newBody),
      xenFunction: requireUndefinedSymbol(draft, known, oldName),
    }),
  );
  const replacing = input.replacements.map(
    ({ oldName, oldSizeBytes, newBody, expectation }): TableEntry => ({
      label: oldName,
      oldFunction: requireUndefinedSymbol(draft, known, oldName),
      oldOffset: 0,
      oldSizeBytes,
      becomes: symbolOf(newBody),
      expectation,
    }),
  );
  const replaced = input.replacements.map(({ oldName }) => oldName);
  const covers = neededCovers(replaced, input.stacking.requires).map(
    ({ label, markerSymbol, offset }) =>
      coverTableEntry(label, requireUndefinedSymbol(draft, known, markerSymbol), offset),
  );
  const hooks = input.hooks.map(({ kind, code }): Hook => ({ kind, code: symbolOf(code) }));
  const keeping = input.keeping && bindKeeping(input.keeping, symbolOf);
  return { guards, replacing, covers, replacements, hooks, keeping };
}

function bindKeeping(
  { returnThunk, entries, calls }: Keeping,
  symbolOf: MergedObjects["symbolOf"],
): Keeping {
  return {
    returnThunk,
    entries: entries.map((entry) => ({ ...entry, newBody: symbolOf(entry.newBody) })),
    calls: calls.map((call) => ({ ...call, caller: symbolOf(call.caller) })),
  };
}

function carryMarker(
  draft: ElfDraft,
  work: BoundEntries,
  { stacking }: EmitInput,
  hash: Uint8Array,
): CarriedMarker | undefined {
  if (stacking.marker === "none") return undefined;
  const replaced = work.replacements.map(({ xenFunction }) => xenFunction);
  return addMarker(draft, hash, [...new Set([...replaced, ...broughtFunctions(draft, work)])]);
}
