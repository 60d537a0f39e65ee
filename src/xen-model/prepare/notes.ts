// Build-ids of a payload: its own, what it stands on, and the hypervisor that it was made for: ABI
// reference §2.5 and §2.10, steps 3 - 5.

import type { ErrnoName } from "../../xen-abi/errno.ts";
import { BUILD_ID_SECTION, DEPENDS_SECTION, XEN_DEPENDS_SECTION } from "../../xen-abi/sections.ts";
import { readBuildIdNote, sameId } from "../build-id-note.ts";
import type { Hypervisor } from "../hypervisor.ts";
import type { LoadContext } from "../load/load-context.ts";
import type { PayloadFile } from "../load/payload-file.ts";
import { bytesInUpload, findLoaded, findNamed, refuseSection } from "../load/special-sections.ts";
import type { StepId } from "../steps.ts";
import { type RefusalDetails, refuse } from "../verdict.ts";

export interface PayloadIds {
  readonly own: Uint8Array;
  readonly depends: Uint8Array;
  /** `undefined` where nobody asks for it any more, or not yet. */
  readonly hypervisor: Uint8Array | undefined;
}

/** Before anything is placed, on releases that do so. */
export function checkHypervisorEarly(
  file: PayloadFile,
  { xen, assumptions }: Pick<LoadContext, "xen" | "assumptions">,
): void {
  if (!xen.features.has("early-build-id-check")) return;
  const step = "build-id/hypervisor";
  const section = findNamed(file, XEN_DEPENDS_SECTION);
  if (section === undefined) refuseSection(XEN_DEPENDS_SECTION, "missing", step);
  if (section.sh_size === 0n) refuseSection(XEN_DEPENDS_SECTION, "empty", step);
  // Read from the file, whatever the section's type.
  const note = readBuildIdNote(bytesInUpload({ file, assumptions }, section, step));
  if (note.kind === "bad") {
    const place = { section: XEN_DEPENDS_SECTION };
    refuse(step, "EINVAL", `the note is bad: ${note.words}`, { place });
  }
  checkHypervisor(note.id, xen);
}

/** After alternatives were applied, on releases that do so. */
export function checkHypervisorLate(ids: PayloadIds, xen: Hypervisor): void {
  if (ids.hypervisor !== undefined) checkHypervisor(ids.hypervisor, xen);
}

export function prepareNotes(context: LoadContext): PayloadIds {
  const own = noteOf(context, BUILD_ID_SECTION, "build-id/own");
  const twin = context.findById(own);
  if (twin !== undefined) {
    const words = `payload "${twin}" has the same build-id`;
    refuse("build-id/own", "EEXIST", words, { place: { section: BUILD_ID_SECTION } });
  }
  const depends = noteOf(context, DEPENDS_SECTION, "build-id/depends");
  const { features } = context.xen;
  const isAsked = features.has("payload-version-2") && !features.has("early-build-id-check");
  const hypervisor = isAsked
    ? noteOf(context, XEN_DEPENDS_SECTION, "build-id/xen-depends")
    : undefined;
  return { own, depends, hypervisor };
}

function checkHypervisor(id: Uint8Array, xen: Hypervisor): void {
  const step = "build-id/hypervisor";
  const details: RefusalDetails = {
    place: { section: XEN_DEPENDS_SECTION },
    console: ["check against hypervisor build-id failed"],
  };
  if (xen.buildId === undefined) refuse(step, "ENODATA", "the hypervisor has no build-id", details);
  if (!sameId(id, xen.buildId)) {
    refuse(step, "EINVAL", "it was made for another hypervisor build", details);
  }
}

/** Its bytes in memory. */
function noteOf(context: LoadContext, name: string, step: StepId): Uint8Array {
  const { xen } = context;
  const found = findLoaded(context, name, step);
  const note = found && readBuildIdNote(found.bytes);
  if (note?.kind === "id") return note.id;
  const errno: ErrnoName =
    note === undefined || !xen.features.has("early-build-id-check") ? "EINVAL" : note.errno;
  const words = note === undefined ? "it is missing" : note.words;
  return refuse(step, errno, `the note in "${name}" is bad: ${words}`, {
    place: { section: name },
  });
}
