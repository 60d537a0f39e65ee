// The sections of a payload that Xen looks up by name: ABI reference §1.2. The first one of a name
// counts. All have to be SHF_ALLOC, since only such sections are loaded.

import type { Architecture } from "../isa/architecture.ts";
import { hookKinds, hookRules } from "./hooks.ts";
import type { PayloadVersion } from "./release.ts";

export const FUNCS_SECTION = ".livepatch.funcs";
export const DEPENDS_SECTION = ".livepatch.depends";
export const XEN_DEPENDS_SECTION = ".livepatch.xen_depends";
export const BUILD_ID_SECTION = ".note.gnu.build-id";
export const MODINFO_SECTION = ".modinfo";
export const ALTERNATIVES_SECTION = ".altinstructions";
export const ALTERNATIVES_CODE_SECTION = ".altinstr_replacement";
export const ALT_CALL_SITES_SECTION = ".alt_call_sites";
export const EXCEPTION_TABLE_SECTION = ".ex_table";
export const BUG_FRAME_SECTIONS = [
  ".bug_frames.0",
  ".bug_frames.1",
  ".bug_frames.2",
  ".bug_frames.3",
] as const;

/** Sections that Xen reads at load besides the tables of live patching; all are optional. */
export const specialTableSections: readonly string[] = [
  ...BUG_FRAME_SECTIONS,
  ALTERNATIVES_SECTION,
  ALTERNATIVES_CODE_SECTION,
  ALT_CALL_SITES_SECTION,
  EXCEPTION_TABLE_SECTION,
];

/** Sections that describe the payload. */
export const livepatchSections: readonly string[] = [
  FUNCS_SECTION,
  ...hookKinds.map((kind) => hookRules[kind].section),
  DEPENDS_SECTION,
  XEN_DEPENDS_SECTION,
  BUILD_ID_SECTION,
  MODINFO_SECTION,
];

/** A hypervisor of that payload version refuses a payload without one of these (§2.9). */
export const mandatorySections: Readonly<Record<PayloadVersion, readonly string[]>> = {
  1: [FUNCS_SECTION, DEPENDS_SECTION, BUILD_ID_SECTION],
  2: [DEPENDS_SECTION, XEN_DEPENDS_SECTION, BUILD_ID_SECTION],
};

/** Sections whose presence makes the loader of an architecture refuse the payload (§1.8). */
export const refusedSections: Readonly<Record<Architecture, readonly string[]>> = {
  x86_64: [],
  aarch64: [EXCEPTION_TABLE_SECTION, ALT_CALL_SITES_SECTION],
};
