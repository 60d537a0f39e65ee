// How Xen processes an uploaded file, pass by pass, in its order: ABI reference §2. Any pass may end it
// (verdict.ts); a refused payload leaves nothing behind.

import { FUNCS_SECTION } from "../../xen-abi/sections.ts";
import type { Region } from "../memory.ts";
import type { LoadedPayload } from "../payload.ts";
import { prepareAltCalls, prepareAlternatives } from "../prepare/alternatives.ts";
import { prepareFunctions } from "../prepare/functions.ts";
import { prepareHooks } from "../prepare/hooks.ts";
import { checkHypervisorEarly, checkHypervisorLate, prepareNotes } from "../prepare/notes.ts";
import { prepareBugFrames, prepareExceptions, prepareMetadata } from "../prepare/tables.ts";
import type { LoadContext, LoadSurroundings } from "./load-context.ts";
import { hasFlag, readPayloadFile } from "./payload-file.ts";
import { exportSymbols } from "./payload-symbols.ts";
import { type Placement, placeSections } from "./place-sections.ts";
import { relocateSections } from "./relocate-sections.ts";
import { resolveSymbols } from "./resolve-symbols.ts";
import { checkPresence, findNamed } from "./special-sections.ts";

/** Throws Stop, as its passes do. */
export function loadPayload(
  name: string,
  bytes: Uint8Array,
  surroundings: LoadSurroundings,
): LoadedPayload {
  const { xen, memory, lookUp, allocate } = surroundings;
  const file = readPayloadFile(bytes, xen);
  checkHypervisorEarly(file, surroundings);
  const placement = placeSections(file, xen, allocate);
  const symbols = resolveSymbols(file, placement, lookUp);
  relocateSections({ file, xen, placement, symbols });
  checkPresence(file, xen);
  // From here on the payload's memory is as its code will see it, but for alternatives.
  for (const region of regionsOf(placement)) memory.map(region);
  const context: LoadContext = { ...surroundings, file, placement };
  const functions = prepareFunctions(context);
  const hooks = prepareHooks(context);
  const ids = prepareNotes(context);
  prepareBugFrames(context);
  prepareAlternatives(context);
  prepareAltCalls(context);
  prepareExceptions(context);
  const metadata = prepareMetadata(context);
  checkHypervisorLate(ids, xen);
  const exports = exportSymbols(context, symbols, functions);
  const table = findNamed(file, FUNCS_SECTION);
  return {
    name,
    placement,
    functions,
    hooks,
    metadata,
    exports,
    buildId: ids.own,
    depends: ids.depends,
    isFunctionTableWritable: table !== undefined && hasFlag(table, "SHF_WRITE"),
  };
}

/** Code, and data. */
export function regionsOf(placement: Placement): Region[] {
  const { base, bytes, groups } = placement;
  const codeSize = groups.rw.start;
  const region = (start: number, end: number, kind: Region["kind"]): Region => ({
    start: base + BigInt(start),
    sizeBytes: end - start,
    kind,
    bytes: bytes.subarray(start, end),
    unknown: [],
  });
  return [
    region(0, codeSize, "payload-text"),
    region(codeSize, bytes.length, "payload-data"),
  ].filter(({ sizeBytes }) => sizeBytes > 0);
}
