// A hypervisor as its xen-syms file describes it: the initial state of the model, shared between all
// models of the same file.

import { SectionFlag, SectionType } from "../elf/constants.ts";
import { type Architecture, findArchitecture } from "../isa/architecture.ts";
import { type Feature, featuresOf } from "../xen-abi/features.ts";
import {
  parseRelease,
  type Release,
  type ReleaseLine,
  requireReleaseLine,
} from "../xen-abi/release.ts";
import { type AddressRange, findBootChanges } from "./boot-changes.ts";
import { readBuildIdNote } from "./build-id-note.ts";
import { type ImageFacts, imageFactsOf } from "./image-facts.ts";
import { featuresOfImage, takesDuplicateSymbols } from "./image-features.ts";
import { badImage, type ImageFile, type ImageSection, readImageFile } from "./image-file.ts";
import { releaseToldBy, requireRelease } from "./image-release.ts";
import { Memory, type Region, type UnknownRange } from "./memory.ts";
import { once } from "./once.ts";
import { indexXenSymbols } from "./xen-symbols.ts";

export interface Hypervisor {
  readonly source: string;
  readonly architecture: Architecture;
  /** e_machine */
  readonly machine: number;
  readonly release: Release;
  /** The release in the file itself, regardless of the options; `undefined` when it is not there. */
  readonly toldRelease: Release | undefined;
  readonly line: ReleaseLine;
  /** Of the image, where it shows them; else, or with another release by the options, of the release. */
  readonly features: ReadonlySet<Feature>;
  /** A vendor's change: a symbol of a payload may have a name that exists already. Read on first use. */
  readonly takesDuplicateSymbols: () => boolean;
  /** `undefined` when it was linked without one. */
  readonly buildId: Uint8Array | undefined;
  /**
   * From the start of the first section to the end of the last, including memory that is freed after
   * boot.
   */
  readonly image: AddressRange;
  /** The address range for payloads. */
  readonly payloadWindow: AddressRange;
  /** The state after boot, with nothing loaded. Fork it. */
  readonly memory: Memory;
  /** Under the name of Xen's own table. */
  readonly lookup: (name: string) => bigint | undefined;
  /** Further facts from the file. */
  readonly facts: ImageFacts;
}

export interface HypervisorOptions {
  /** Overrides the release of the file, as in "4.17.5". */
  readonly release?: string;
}

/** The second half of a 2 GiB reach is left to fixmap and friends (ABI reference §2.6). */
const X86_WINDOW_SIZE = 1n << 30n;
const LARGE_PAGE = 2n << 20n;
const ARM_WINDOW_SIZE = 2n << 20n;
/** Behind Xen's own gigabytes nothing is mapped, up to its table of page frames. */
const X86_FRAME_TABLE = 0xffff82e000000000n;
/** What a process of dom0 can never have mapped. */
const NULL_AREA_END = 0x10000n;
/** Linux keeps the last page free, for error numbers in the place of pointers. */
const LAST_PAGE = (1n << 64n) - 4096n;
const CANONICAL_LOW_END = 1n << 47n;
const CANONICAL_HIGH_START = (1n << 64n) - (1n << 47n);

/**
 * Opens a xen-syms file, plain or gzip.
 * @throws ModelError xen-model/bad-hypervisor, xen-model/unknown-release; ReleaseError; ByteError
 */
export function openHypervisor(
  bytes: Uint8Array,
  source: string,
  options: HypervisorOptions = {},
): Hypervisor {
  const file = readImageFile(bytes, source);
  const machine = file.header.e_machine;
  const architecture = findArchitecture(machine);
  if (architecture === undefined) throw badImage(source, `it is for ELF machine ${machine}`);
  const sections = file.sections.filter(isLoaded);
  const lookup = indexXenSymbols(file.symbols);
  const toldRelease = releaseToldBy(sections, lookup, architecture);
  const release =
    options.release === undefined
      ? requireRelease(toldRelease, source)
      : parseRelease(options.release);
  const line = requireReleaseLine(release);
  const image = spanOf(sections, source);
  const payloadWindow = payloadWindowOf(architecture, line, image);
  const boot = { release, architecture, sections, lookup };
  const regions = regionsOf(sections, findBootChanges(boot), lookup);
  const emptyEnd = architecture === "x86_64" ? X86_FRAME_TABLE : payloadWindow.end;
  const isEmpty = (address: bigint) =>
    (payloadWindow.start <= address && address < emptyEnd) ||
    address < NULL_AREA_END ||
    address >= LAST_PAGE ||
    (CANONICAL_LOW_END <= address && address < CANONICAL_HIGH_START);
  return {
    source,
    architecture,
    machine,
    release,
    toldRelease,
    line,
    image,
    payloadWindow,
    lookup,
    features:
      options.release === undefined ? featuresOfImage(release, sections) : featuresOf(release),
    takesDuplicateSymbols: once(() => takesDuplicateSymbols(sections, architecture)),
    buildId: buildIdOf(file),
    memory: new Memory(regions, isEmpty),
    facts: imageFactsOf(file, boot),
  };
}

function isLoaded({ sh_flags, sh_type, sh_size }: ImageSection): boolean {
  return (
    (sh_flags & SectionFlag.SHF_ALLOC) !== 0n && sh_type !== SectionType.SHT_NULL && sh_size > 0n
  );
}

function spanOf(sections: readonly ImageSection[], source: string): AddressRange {
  const starts = sections.map(({ sh_addr }) => sh_addr);
  const ends = sections.map(({ sh_addr, sh_size }) => sh_addr + sh_size);
  const start = starts.reduce((left, right) => (left < right ? left : right), (1n << 64n) - 1n);
  const end = ends.reduce((left, right) => (left > right ? left : right), 0n);
  if (start >= end) throw badImage(source, "it has no sections that are loaded");
  return { start, end };
}

/** ABI reference §2.6; the bases for AArch64 stand there. */
function payloadWindowOf(
  architecture: Architecture,
  { minor }: ReleaseLine,
  image: AddressRange,
): AddressRange {
  if (architecture === "x86_64") {
    const start = ((image.end + LARGE_PAGE - 1n) / LARGE_PAGE) * LARGE_PAGE;
    const windowStart = image.start & ~(X86_WINDOW_SIZE - 1n);
    return { start, end: windowStart + X86_WINDOW_SIZE };
  }
  let start = 0xa0001000000n;
  if (minor === 8) start = 0x800000n;
  else if (minor <= 17) start = 0xa00000n;
  else if (minor === 18) start = 0x20001000000n;
  return { start, end: start + ARM_WINDOW_SIZE };
}

function buildIdOf(file: ImageFile): Uint8Array | undefined {
  const section = file.sections.find(({ name }) => name === ".note.gnu.build-id");
  const note = section && readBuildIdNote(section.bytes);
  return note?.kind === "id" ? note.id : undefined;
}

function regionsOf(
  sections: readonly ImageSection[],
  changes: readonly AddressRange[],
  lookup: (name: string) => bigint | undefined,
): Region[] {
  const initStart = lookup("__init_begin");
  const initEnd = lookup("__init_end");
  const isInit = ({ name, sh_addr }: ImageSection) =>
    name.startsWith(".init") ||
    (initStart !== undefined && initEnd !== undefined && initStart <= sh_addr && sh_addr < initEnd);
  return sections.map((section) => {
    const kind = isInit(section) ? "init" : kindOf(section);
    const sizeBytes = Number(section.sh_size);
    return {
      start: section.sh_addr,
      sizeBytes,
      bytes: section.bytes,
      kind,
      unknown:
        kind === "data"
          ? [{ start: 0, end: sizeBytes }]
          : [...within(section, changes), ...changedReadOnlyData(section, lookup)],
    };
  });
}

/** Flags do not tell: ld marks all of an x86 hypervisor as writable. */
function kindOf({ name, sh_flags }: ImageSection): Region["kind"] {
  if ((sh_flags & SectionFlag.SHF_EXECINSTR) !== 0n) return "text";
  return name.startsWith(".rodata") || name.startsWith(".note") ? "read-only" : "data";
}

/** Variables that are read-only from boot on, and the table that Xen sorts at boot. */
function changedReadOnlyData(
  section: ImageSection,
  lookup: (name: string) => bigint | undefined,
): UnknownRange[] {
  const ranges = [
    [lookup("__ro_after_init_start"), lookup("__ro_after_init_end")],
    [lookup("__start___ex_table"), lookup("__stop___ex_table")],
  ].flatMap(([start, end]) => (start !== undefined && end !== undefined ? [{ start, end }] : []));
  ranges.sort((left, right) => (left.start < right.start ? -1 : 1));
  return section.name.startsWith(".rodata") ? within(section, ranges) : [];
}

function within(section: ImageSection, ranges: readonly AddressRange[]): UnknownRange[] {
  const end = section.sh_addr + section.sh_size;
  return ranges
    .filter((range) => range.start < end && range.end > section.sh_addr)
    .map((range) => ({
      start: Math.max(Number(range.start - section.sh_addr), 0),
      end: Math.min(Number(range.end - section.sh_addr), Number(section.sh_size)),
    }));
}
