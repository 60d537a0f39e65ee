// Sections that Xen looks up by name: the first of a name counts. Which have to be there: ABI
// reference §2.9. All are read from run-time memory, so one that is not loaded is Xen's death.

import { hexNumber } from "../../bytes/hex.ts";
import { hookKinds, hookRules } from "../../xen-abi/hooks.ts";
import {
  BUILD_ID_SECTION,
  DEPENDS_SECTION,
  FUNCS_SECTION,
  XEN_DEPENDS_SECTION,
} from "../../xen-abi/sections.ts";
import type { Hypervisor } from "../hypervisor.ts";
import type { StepId } from "../steps.ts";
import { crash, refuse } from "../verdict.ts";
import type { LoadContext } from "./load-context.ts";
import type { PayloadFile, PayloadSection } from "./payload-file.ts";

export interface LoadedSection {
  readonly section: PayloadSection;
  readonly address: bigint;
  /** As it lies in memory, relocated. */
  readonly bytes: Uint8Array;
}

export function findNamed(file: PayloadFile, name: string): PayloadSection | undefined {
  return file.sections.find((section) => section.index > 0 && section.name === name);
}

/**
 * In memory. A section that was not loaded has no address: old releases follow it all the same and
 * die; later ones read the uploaded file, which is freed when the upload is done.
 */
export function findLoaded(
  context: LoadContext,
  name: string,
  step: StepId,
): LoadedSection | undefined {
  const { file, placement, xen, assumptions } = context;
  const section = findNamed(file, name);
  if (section === undefined) return undefined;
  const size = Number(section.sh_size);
  const placed = placement.sections.get(section.index);
  if (placed !== undefined) {
    const { offset } = placed;
    const bytes = placement.bytes.subarray(offset, offset + size);
    return { section, address: placement.base + BigInt(offset), bytes };
  }
  if (!xen.features.has("early-build-id-check")) {
    crash("section-not-loaded", step, `"${name}" is not SHF_ALLOC`, { section: name });
  }
  const words = `memory of the upload, free since, still has "${name}", which is not SHF_ALLOC`;
  assumptions.push({ about: "freed-memory", words });
  return { section, address: 0n, bytes: bytesInUpload(context, section, step) };
}

/**
 * Where Xen looks for a section in the file. Of SHT_NOBITS nobody has compared the offset with the
 * file's end: it may lead anywhere, in front of the file, too, when 64 bits overflow.
 */
export function bytesInUpload(
  { file, assumptions }: Pick<LoadContext, "file" | "assumptions">,
  { name, sh_offset, sh_size }: PayloadSection,
  step: StepId,
): Uint8Array {
  const end = sh_offset + sh_size;
  const fileEnd = BigInt(file.bytes.length);
  const mappedEnd = ((fileEnd + PAGE_SIZE - 1n) / PAGE_SIZE) * PAGE_SIZE;
  if (end > mappedEnd) {
    const words = `"${name}" is read at ${hexNumber(sh_offset)} of a file of ${fileEnd} bytes`;
    crash("unmapped-memory", step, words, { section: name });
  }
  const bytes = new Uint8Array(Number(sh_size));
  bytes.set(file.bytes.subarray(Number(sh_offset), Number(end)));
  if (end > fileEnd) {
    const words = `memory past the end of the file, where "${name}" is, is zero`;
    assumptions.push({ about: "memory-not-followed", words });
  }
  return bytes;
}

const PAGE_SIZE = 4096n;

/** Whether Xen's pointer to it leads anywhere. */
export function isLoaded({ placement }: LoadContext, section: PayloadSection): boolean {
  return placement.sections.has(section.index);
}

export function checkPresence(file: PayloadFile, xen: Hypervisor): void {
  const isVersion2 = xen.features.has("payload-version-2");
  const mandatory = isVersion2 ? [DEPENDS_SECTION] : [FUNCS_SECTION, DEPENDS_SECTION];
  if (isVersion2 && !xen.features.has("early-build-id-check")) mandatory.push(XEN_DEPENDS_SECTION);
  for (const name of [...mandatory, BUILD_ID_SECTION]) {
    const section = findNamed(file, name);
    if (section === undefined) refuseSection(name, "missing", "presence/mandatory");
    else if (section.sh_size === 0n) refuseSection(name, "empty", "presence/mandatory");
  }
  if (!isVersion2) return;
  const patching = [FUNCS_SECTION, ...hookKinds.map((kind) => hookRules[kind].section)];
  const present = patching.flatMap((name) => findNamed(file, name) ?? []);
  for (const { name, sh_size } of present) {
    if (sh_size === 0n) refuseSection(name, "empty", "presence/patching");
  }
  if (present.length === 0) {
    const console = ["Nothing to patch. Aborting..."];
    refuse("presence/patching", "EINVAL", "it has neither functions nor hooks", { console });
  }
}

export function refuseSection(name: string, state: "missing" | "empty", step: StepId): never {
  const console = [`${name} is ${state}`];
  return refuse(step, "EINVAL", `its section "${name}" is ${state}`, {
    place: { section: name },
    console,
  });
}
