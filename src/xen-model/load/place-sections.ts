// The addresses of a payload's sections: three groups by their flags, in one piece of memory: ABI
// reference §2.6. The start address is the model's own choice; only relative positions are the same on
// a real host.

import { SectionType } from "../../elf/constants.ts";
import { FUNCS_SECTION } from "../../xen-abi/sections.ts";
import { ModelError } from "../errors.ts";
import type { Hypervisor } from "../hypervisor.ts";
import { crash, refuse } from "../verdict.ts";
import { hasFlag, type PayloadFile, type PayloadSection } from "./payload-file.ts";

export type GroupName = "text" | "rw" | "ro";

export interface PlacedGroup {
  /** In the payload's memory, in bytes; a multiple of a page. */
  readonly start: number;
  readonly sizeBytes: number;
}

export interface PlacedSection {
  readonly section: PayloadSection;
  readonly group: GroupName;
  /** In the payload's memory, in bytes. */
  readonly offset: number;
}

export interface Placement {
  readonly base: bigint;
  /** All of it, whole pages, as it lies in memory; written to by later passes. */
  readonly bytes: Uint8Array;
  readonly groups: Readonly<Record<GroupName, PlacedGroup>>;
  /** Sections that have an address, by index. */
  readonly sections: ReadonlyMap<number, PlacedSection>;
  readonly isSafeToReapply: boolean;
}

/** Whole pages of the payload window; `undefined` when it is full. */
export type Allocate = (sizeBytes: number) => bigint | undefined;

const PAGE_SIZE = 4096n;
/** What the model is ready to hold for one payload; Xen's own limit is the memory that is free. */
const PLACED_SIZE_MAX = 64 * 1024 * 1024;

export function placeSections(file: PayloadFile, xen: Hypervisor, allocate: Allocate): Placement {
  const sizes: Record<GroupName, bigint> = { text: 0n, rw: 0n, ro: 0n };
  const places = new Map<number, { group: GroupName; inGroup: number }>();
  for (const section of file.sections) {
    const group = groupOf(section, xen);
    if (group === undefined) continue;
    const start = roundUp(sizes[group], section.sh_addralign);
    // Xen keeps 64 bits of a size, and 32 of where a section begins.
    places.set(section.index, { group, inGroup: Number(BigInt.asUintN(32, start)) });
    sizes[group] = BigInt.asUintN(64, start + section.sh_size);
  }
  const groups = layOut(sizes);
  const aligned = pageAlign(sizes.text) + pageAlign(sizes.rw) + sizes.ro;
  const total = Number(pageAlign(BigInt.asUintN(64, aligned)));
  const { start, end } = xen.payloadWindow;
  const isHopeless = BigInt(total) > end - start;
  if (total > PLACED_SIZE_MAX && !isHopeless) throw tooLarge(total);
  const base = total === 0 || isHopeless ? undefined : allocate(total);
  if (base === undefined) refuse("placement/memory", "ENOMEM", `no room for ${total} bytes`);
  const bytes = new Uint8Array(total);
  const sections = new Map<number, PlacedSection>();
  for (const [index, { group, inGroup }] of places) {
    const section = file.sections[index];
    if (section === undefined) continue;
    const placed = { section, group, offset: groups[group].start + inGroup };
    copyIn(placed, bytes);
    sections.set(index, placed);
  }
  return { base, bytes, groups, sections, isSafeToReapply: isSafeToReapply(file, xen) };
}

/** `undefined` for a section without a place. */
function groupOf(section: PayloadSection, xen: Hypervisor): GroupName | undefined {
  if (section.index === 0 || !hasFlag(section, "SHF_ALLOC")) return undefined;
  const skipsEmpty = xen.features.has("load-hooks") && !xen.features.has("keeps-empty-sections");
  if (skipsEmpty && section.sh_size === 0n) return undefined;
  const isWritable = hasFlag(section, "SHF_WRITE");
  if (!hasFlag(section, "SHF_EXECINSTR")) return isWritable ? "rw" : "ro";
  if (!isWritable) return "text";
  return refuse("placement/flags", "EOPNOTSUPP", "a section is both writable and executable", {
    place: { section: section.name },
  });
}

function layOut(sizes: Readonly<Record<GroupName, bigint>>): Placement["groups"] {
  const rwStart = pageAlign(sizes.text);
  const roStart = rwStart + pageAlign(sizes.rw);
  return {
    text: { start: 0, sizeBytes: Number(sizes.text) },
    rw: { start: Number(rwStart), sizeBytes: Number(sizes.rw) },
    ro: { start: Number(roStart), sizeBytes: Number(sizes.ro) },
  };
}

/** An alignment of 0 gives 0, as in Xen's own arithmetic: the group starts over. */
function roundUp(value: bigint, alignment: bigint): bigint {
  const mask = alignment - 1n;
  return BigInt.asUintN(64, (value + mask) & ~mask);
}

function pageAlign(value: bigint): bigint {
  return ((value + PAGE_SIZE - 1n) / PAGE_SIZE) * PAGE_SIZE;
}

function copyIn({ section, offset }: PlacedSection, bytes: Uint8Array): void {
  const size = Number(section.sh_size);
  if (offset + size > bytes.length) {
    const words = `the copy ends ${offset + size - bytes.length} bytes past the end of the payload's memory`;
    crash("zero-alignment", "placement/copy", words, { section: section.name });
  }
  if (section.sh_type === SectionType.SHT_NOBITS) bytes.fill(0, offset, offset + size);
  else bytes.set(section.bytes, offset);
}

/** Payloads with data of their own cannot be applied again; 4.7 does not care. */
function isSafeToReapply(file: PayloadFile, xen: Hypervisor): boolean {
  if (!xen.features.has("load-hooks")) return true;
  const writable = file.sections.filter(
    (section) =>
      section.index > 0 &&
      hasFlag(section, "SHF_ALLOC") &&
      hasFlag(section, "SHF_WRITE") &&
      section.sh_size > 0n,
  );
  if (writable.length === 0) return xen.features.has("checks-section-alignment");
  return writable.length === 1 && writable[0]?.name === FUNCS_SECTION;
}

function tooLarge(total: number): ModelError {
  return new ModelError({
    code: "xen-model/too-large",
    problem: `Cannot model a payload that takes ${total} bytes of the hypervisor's memory`,
    expected: `${PLACED_SIZE_MAX} bytes at most`,
    remedy: "try it in a lab",
  });
}
