// What the emitter puts into the tables of a payload: the function table, hooks, notes and metadata
// of its input. The sections themselves are made in draft-tables.ts.

import { toHex } from "../bytes/hex.ts";
import type { DraftSymbol, ElfDraft } from "../elf/draft.ts";
import type { Architecture } from "../xen-abi/architecture.ts";
import { encodeModinfo } from "../xen-abi/modinfo.ts";
import {
  BUILD_ID_SECTION,
  DEPENDS_SECTION,
  MODINFO_SECTION,
  XEN_DEPENDS_SECTION,
} from "../xen-abi/sections.ts";
import { BUILD_ID_KEY, unstampedBuildId, unstampedBuildIdText } from "./build-id.ts";
import {
  addFunctionRows,
  addHookRows,
  buildIdSection,
  constantSection,
  type FunctionRow,
} from "./draft-tables.ts";
import type { EmitInput, Hook } from "./emit-input.ts";

/** One line of the function table, with symbols of the draft. */
export interface TableEntry {
  readonly label: string;
  readonly oldFunction: DraftSymbol;
  readonly oldOffset: number;
  readonly oldSizeBytes: number;
  /** `undefined` for a guard entry. */
  readonly newBody: DraftSymbol | undefined;
  readonly expectation: Uint8Array | undefined;
}

/** Adds the function table; guards are the caller's to put first. Nothing without entries. */
export function addFunctionTable(
  draft: ElfDraft,
  entries: readonly TableEntry[],
  { architecture, payloadVersion, funcsAccess }: EmitInput,
): void {
  const rows = entries.map(
    ({ label, oldFunction, oldOffset, oldSizeBytes, newBody, expectation }): FunctionRow => ({
      label,
      newAddress: newBody && { symbol: newBody, addend: 0n },
      oldAddress: { symbol: oldFunction, addend: BigInt(oldOffset) },
      newSize: Number(newBody?.size ?? 0n),
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
 * Xen hands metadata through to LIST, but no build-ids; so both ids stand there as text, and a tool
 * that sees a loaded payload can tell which one it is and what it sits on.
 */
export function addMetadata(draft: ElfDraft, { depends, metadata }: EmitInput): void {
  const pairs = [
    [BUILD_ID_KEY, unstampedBuildIdText()],
    [DEPENDS_KEY, toHex(depends)],
    ...metadata,
  ];
  const content = encodeModinfo(pairs.map(([key, value]) => `${key}=${value}`));
  draft.sections.push(constantSection(MODINFO_SECTION, content, 1));
}

/** Key of the build-id of whatever this payload sits on. */
export const DEPENDS_KEY = "depends";
