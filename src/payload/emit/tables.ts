// Fills the tables of a payload from the emitter's input: the function table, hooks, notes and
// metadata. draft-tables.ts creates the sections.

import { toHex } from "../../bytes/hex.ts";
import type { ElfDraft } from "../../elf/draft.ts";
import type { Architecture } from "../../isa/architecture.ts";
import { encodeModinfo } from "../../xen-abi/modinfo.ts";
import {
  BUILD_ID_SECTION,
  DEPENDS_SECTION,
  MODINFO_SECTION,
  XEN_DEPENDS_SECTION,
} from "../../xen-abi/sections.ts";
import { unstampedBuildId, unstampedBuildIdText } from "../build-id.ts";
import {
  addFunctionRows,
  addHookRows,
  buildIdSection,
  constantSection,
  type FunctionRow,
} from "../draft-tables.ts";
import {
  BUILD_ID_KEY,
  DEPENDS_KEY,
  FUNCTIONS_IN_FILE,
  FUNCTIONS_KEY,
  FUNCTIONS_VALUE_MAX,
  GUARD_KEY,
  HOOKS_KEY,
  KEPT_KEY,
  LINGERS_KEY,
  MARKER_KEY,
  MODE_KEY,
  PARKS_KEY,
  REQUIRES_KEY,
  SLEEPS_KEY,
  UNSAFE_KEY,
} from "../metadata-keys.ts";
import type { CarriedMarker } from "./carried-marker.ts";
import type { EmitInput, Hook } from "./input.ts";
import type { TableEntry } from "./table-entry.ts";

/** Adds the function table; the caller puts guards first. Nothing if there are no entries. */
export function addFunctionTable(
  draft: ElfDraft,
  entries: readonly TableEntry[],
  { architecture, payloadVersion, funcsAccess }: EmitInput,
): void {
  const rows = entries.map(
    ({ label, oldFunction, oldOffset, oldSizeBytes, becomes, expectation }): FunctionRow => ({
      label,
      newAddress: typeof becomes === "number" ? undefined : { symbol: becomes, addend: 0n },
      oldAddress: { symbol: oldFunction, addend: BigInt(oldOffset) },
      newSize: typeof becomes === "number" ? becomes : Number(becomes.size),
      oldSize: oldSizeBytes,
      expectation,
    }),
  );
  addFunctionRows(draft, rows, { architecture, version: payloadVersion, access: funcsAccess });
}

/** One section of pointers for each kind, in the order in which Xen reads them. */
export function addHooks(
  draft: ElfDraft,
  hooks: readonly Hook[],
  architecture: Architecture,
): void {
  const rows = hooks.map(({ kind, code }) => ({ kind, target: { symbol: code, addend: 0n } }));
  addHookRows(draft, rows, architecture);
}

/** The three notes; the payload's own id is filled in when the file is there (build-id.ts). */
export function addNotes(draft: ElfDraft, { depends, xenDepends }: EmitInput): void {
  draft.sections.push(
    buildIdSection(DEPENDS_SECTION, depends),
    buildIdSection(XEN_DEPENDS_SECTION, xenDepends),
    buildIdSection(BUILD_ID_SECTION, unstampedBuildId()),
  );
}

/**
 * Xen returns metadata in LIST, but no build-ids; so the metadata has both ids as text, and the other
 * facts that a tool needs about a loaded payload without its file.
 */
export function addMetadata(
  draft: ElfDraft,
  input: EmitInput,
  {
    marker,
    kept,
  }: { readonly marker: CarriedMarker | undefined; readonly kept: readonly string[] },
): void {
  const { mode, guard, requires } = input.stacking;
  const optional = [
    [MARKER_KEY, marker?.symbol.name ?? ""],
    [REQUIRES_KEY, requires.map(({ buildId }) => buildId).join()],
    [HOOKS_KEY, [...new Set(input.hooks.map(({ kind }) => kind))].join()],
    [KEPT_KEY, listOrStar(kept)],
    [LINGERS_KEY, listOrStar(input.standing?.lingers ?? [])],
    [PARKS_KEY, listOrStar(input.standing?.parks ?? [])],
    [SLEEPS_KEY, listOrStar(input.standing?.sleeps ?? [])],
    [UNSAFE_KEY, listOrStar(input.standing?.unsafe ?? [])],
  ].filter(([, value]) => value !== "");
  const pairs = [
    [BUILD_ID_KEY, unstampedBuildIdText()],
    [DEPENDS_KEY, toHex(input.depends)],
    [MODE_KEY, mode],
    [GUARD_KEY, guard],
    [FUNCTIONS_KEY, functionList(input)],
    ...optional,
    ...input.metadata,
  ];
  const content = encodeModinfo(pairs.map(([key, value]) => `${key}=${value}`));
  draft.sections.push(constantSection(MODINFO_SECTION, content, 1));
}

function functionList({ replacements }: EmitInput): string {
  return listOrStar(replacements.map(({ oldName }) => oldName));
}

function listOrStar(names: readonly string[]): string {
  const list = names.join();
  const isClear = list.length <= FUNCTIONS_VALUE_MAX && !names.some((name) => name.includes(","));
  return isClear ? list : FUNCTIONS_IN_FILE;
}
