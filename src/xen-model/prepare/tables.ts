// Tables that Xen reads at load besides those of live patching: bug frames, exceptions, metadata;
// alternatives are in alternatives.ts. ABI reference §2.10, steps 6, 9 and 10.

import { BUG_FRAME_UNIT, bugFrameTypesOf } from "../../xen-abi/bug-frame.ts";
import { EXCEPTION_ENTRY_SIZE } from "../../xen-abi/exception-table.ts";
import { compareReleases } from "../../xen-abi/release.ts";
import {
  BUG_FRAME_SECTIONS,
  EXCEPTION_TABLE_SECTION,
  MODINFO_SECTION,
} from "../../xen-abi/sections.ts";
import type { LoadContext } from "../load/load-context.ts";
import type { PayloadSection } from "../load/payload-file.ts";
import { findLoaded, findNamed } from "../load/special-sections.ts";
import type { StepId } from "../steps.ts";
import { crash, refuse } from "../verdict.ts";

/** From then on an empty table of exceptions is a table. */
const EMPTY_EXCEPTIONS_SINCE = { major: 4, minor: 10, point: 0 } as const;

export function prepareBugFrames({ file, xen }: LoadContext): void {
  const count = bugFrameTypesOf(xen.release, xen.architecture).length;
  for (const name of BUG_FRAME_SECTIONS.slice(0, count)) {
    // Its bytes are looked at only when some code hits a BUG or WARN.
    const section = findNamed(file, name);
    if (section) checkMultiple(section, BUG_FRAME_UNIT[xen.architecture], "tables/bug-frames");
  }
}

export function prepareExceptions(context: LoadContext): void {
  const { file, xen } = context;
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
  checkMultiple(section, EXCEPTION_ENTRY_SIZE, step);
  // It is sorted in place.
  if (section.sh_size > 0n) findLoaded(context, name, step);
}

export function prepareMetadata(context: LoadContext): Uint8Array {
  const { xen } = context;
  const none = new Uint8Array();
  if (!xen.features.has("payload-version-2")) return none;
  const step = "tables/metadata";
  const place = { section: MODINFO_SECTION };
  const found = findLoaded(context, MODINFO_SECTION, step);
  if (found === undefined) return none;
  if (found.bytes.length === 0) crash("empty-metadata", step, "it is empty", place);
  if (found.bytes.at(-1) !== 0) {
    refuse(step, "EINVAL", "its last byte is not NUL", { place });
  }
  return found.bytes;
}

export function checkMultiple(section: PayloadSection, unit: number, step: StepId): void {
  const { name, sh_size } = section;
  if (sh_size % BigInt(unit) === 0n) return;
  const words = `${sh_size} bytes are not a whole number of entries of ${unit}`;
  refuse(step, "EINVAL", words, { place: { section: name } });
}
