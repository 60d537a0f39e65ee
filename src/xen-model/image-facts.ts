// Facts from a hypervisor's image that the model does not need, for rules that judge payloads (check/).
// Each is read on first use.

import { SectionFlag } from "../elf/constants.ts";
import { ENDBR64_SIZE, startsWithEndbr64 } from "../isa/endbr64.ts";
import { type BootContext, featuresAskedFor } from "./boot-changes.ts";
import type { ImageFile } from "./image-file.ts";
import { once } from "./once.ts";
import { functionAround, type ImageFunction, xenFunctions } from "./xen-symbols.ts";

export interface ImageFacts {
  /** As in the file, including memory that is freed after boot; `undefined` where it has none. */
  readonly fileBytes: (address: bigint, length: number) => Uint8Array | undefined;
  /** All of them, and labels in code, by address. */
  readonly functions: () => readonly ImageFunction[];
  /** The function that an address lies in. */
  readonly functionAt: (address: bigint) => ImageFunction | undefined;
  /** From `.comment`, as `GCC: (Debian 12.2.0-14) 12.2.0`; empty when the file lacks it. */
  readonly compilers: () => readonly string[];
  /** CPU features that Xen's own alternatives ask for, in the numbering of this build. */
  readonly alternativeFeatures: () => ReadonlySet<number>;
  /**
   * Functions whose ENDBR64 Xen writes over at boot when the host tracks indirect branches: those
   * that the tables between __initdata_cf_clobber_start and _end point at (ABI reference §8.3).
   */
  readonly poisonedEntries: () => ReadonlySet<bigint>;
}

export function imageFactsOf(file: ImageFile, boot: BootContext): ImageFacts {
  const isCode = (index: number) =>
    ((file.sections[index]?.sh_flags ?? 0n) & SectionFlag.SHF_EXECINSTR) !== 0n;
  const functions = once(() => xenFunctions(file.symbols, isCode));
  return {
    functions,
    fileBytes: (address, length) => fileBytes(boot, address, length),
    functionAt: (address) =>
      isInCode(file, address) ? functionAround(functions(), address) : undefined,
    compilers: once(() => compilersOf(file)),
    alternativeFeatures: once(() => featuresAskedFor(boot)),
    poisonedEntries: once(() => poisonedEntriesOf(boot)),
  };
}

/** The last label of the code has no size, and extends at most to the end of the code. */
function isInCode({ sections }: ImageFile, address: bigint): boolean {
  return sections.some(
    ({ sh_flags, sh_addr, sh_size }) =>
      (sh_flags & SectionFlag.SHF_EXECINSTR) !== 0n &&
      sh_addr <= address &&
      address < sh_addr + sh_size,
  );
}

const POINTER_SIZE = 8;

function fileBytes(
  { sections }: BootContext,
  address: bigint,
  length: number,
): Uint8Array | undefined {
  const home = sections.find(
    ({ sh_addr, sh_size }) => sh_addr <= address && address < sh_addr + sh_size,
  );
  if (home === undefined) return undefined;
  const start = Number(address - home.sh_addr);
  const bytes = home.bytes.subarray(start, start + length);
  return bytes.length === length ? bytes : undefined;
}

function compilersOf({ sections }: ImageFile): readonly string[] {
  const comment = sections.find(({ name }) => name === ".comment");
  if (comment === undefined) return [];
  const lines = Buffer.from(comment.bytes).toString("latin1").split("\0");
  return [...new Set(lines.filter((line) => line !== ""))];
}

function poisonedEntriesOf(boot: BootContext): ReadonlySet<bigint> {
  const start = boot.lookup("__initdata_cf_clobber_start");
  const end = boot.lookup("__initdata_cf_clobber_end");
  const entries = new Set<bigint>();
  if (start === undefined || end === undefined || end <= start) return entries;
  const table = fileBytes(boot, start, Number(end - start));
  if (table === undefined) return entries;
  const view = new DataView(table.buffer, table.byteOffset, table.length);
  for (let at = 0; at + POINTER_SIZE <= table.length; at += POINTER_SIZE) {
    const entry = view.getBigUint64(at, true);
    const code = fileBytes(boot, entry, ENDBR64_SIZE);
    if (code !== undefined && startsWithEndbr64(code)) entries.add(entry);
  }
  return entries;
}
