// Tables that Xen reads at load besides those of live patching: bug frames, exceptions, metadata;
// alternatives are in prepare-alternatives.ts. ABI reference §2.10, steps 6, 9 and 10.

import { BUG_FRAME_UNIT, bugFrameTypesOf } from "../xen-abi/bug-frame.ts";
import { EXCEPTION_ENTRY_SIZE } from "../xen-abi/exception-table.ts";
import { compareReleases } from "../xen-abi/release.ts";
import {
  BUG_FRAME_SECTIONS,
  EXCEPTION_TABLE_SECTION,
  MODINFO_SECTION,
} from "../xen-abi/sections.ts";
import type { LoadContext } from "./load.ts";
import { findLoaded, findNamed } from "./special-sections.ts";
import type { StepId } from "./steps.ts";
import { crash, refuse } from "./verdict.ts";

/** From then on an empty table of exceptions is a table. */
const EMPTY_EXCEPTIONS_SINCE = { major: 4, minor: 10, point: 0 } as const;

export function prepareBugFrames(context: LoadContext): void {
  const { file, placement, xen } = context;
  const count = bugFrameTypesOf(xen.release, xen.architecture).length;
  for (const name of BUG_FRAME_SECTIONS.slice(0, count)) {
    const found = findNamed(file, name) && findLoaded(file, placement, name, "tables/bug-frames");
    if (found)
      checkMultiple(name, found.bytes, BUG_FRAME_UNIT[xen.architecture], "tables/bug-frames");
  }
}

export function prepareExceptions({ file, placement, xen }: LoadContext): void {
  const name = EXCEPTION_TABLE_SECTION;
  const step = "tables/exceptions";
  const section = findNamed(file, name);
  if (section === undefined) return;
  const place = { section: name };
  if (xen.architecture !== "x86_64") {
    refuse(step, "EOPNOTSUPP", "there are no exception tables on Arm", { place });
  }
  const takesEmpty = compareReleases(xen.release, EMPTY_EXCEPTIONS_SINCE) >= 0;
  if (section.sh_size === 0n && !takesEmpty) refuse(step, "EINVAL", "it is empty", { place });
  const found = findLoaded(file, placement, name, step);
  if (found !== undefined) checkMultiple(name, found.bytes, EXCEPTION_ENTRY_SIZE, step);
}

export function prepareMetadata({ file, placement, xen }: LoadContext): Uint8Array {
  const none = new Uint8Array();
  if (!xen.features.has("payload-version-2")) return none;
  const step = "tables/metadata";
  const place = { section: MODINFO_SECTION };
  const found = findLoaded(file, placement, MODINFO_SECTION, step);
  if (found === undefined) return none;
  if (found.bytes.length === 0) crash("empty-metadata", step, "it is empty", place);
  if (found.bytes.at(-1) !== 0) {
    refuse(step, "EINVAL", "its last byte is no NUL", { place });
  }
  return found.bytes;
}

export function checkMultiple(name: string, bytes: Uint8Array, unit: number, step: StepId): void {
  if (bytes.length % unit === 0) return;
  const words = `${bytes.length} bytes are no whole entries of ${unit}`;
  refuse(step, "EINVAL", words, { place: { section: name } });
}
