// The hypervisor that a payload is for, and whether it was built from the given source.

import { BuilderError } from "../build-outcome/builder-error.ts";
import type { ElfObject } from "../elf/object.ts";
import { openElf } from "../elf/open.ts";
import { findSymbol } from "../elf/symbols.ts";
import { findArchitecture } from "../isa/architecture.ts";
import type { PreparedSource } from "../pairs/prepared-pairs.ts";
import { readExtraVersion } from "../running/read-release.ts";
import { readXenSyms, type XenSyms } from "../running/xen-syms.ts";
import { type PayloadVersion, type Release, requireReleaseLine } from "../xen-abi/release.ts";
import type { RunOptions } from "../xen-make/make-run.ts";
import { findMakeTools, type MakeTools } from "../xen-make/tools.ts";
import type { NamedBytes } from "./build-options.ts";

export interface Hypervisor {
  readonly xen: XenSyms;
  /** The same file. */
  readonly object: ElfObject;
}

export interface Target extends Hypervisor {
  readonly release: Release;
  readonly payloadVersion: PayloadVersion;
}

export function readHypervisor({ bytes, name }: NamedBytes): Hypervisor {
  return { xen: readXenSyms(bytes, name), object: openElf(bytes, name) };
}

/** What it says behind its release's number; found without an index of all its names. */
export function extraVersionOf({ xen, object }: Hypervisor): string | undefined {
  const { architecture, bytesAt } = xen;
  const addressOf = (name: string) => findSymbol(object, name)?.value;
  return readExtraVersion({ architecture, bytesAt, addressOf });
}

/** Undefined for a file that readHypervisor() refuses. */
export function startTools({ bytes }: NamedBytes, run: RunOptions): Promise<MakeTools> | undefined {
  const machine = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const architecture =
    bytes.length < E_MACHINE + 2 ? undefined : findArchitecture(machine.getUint16(E_MACHINE, true));
  if (architecture === undefined) return undefined;
  const tools = findMakeTools({ ...run, architecture });
  tools.catch(() => {}); // It is told when it is waited for, unless something else is wrong first.
  return tools;
}

/** Offset of e_machine in an ELF header, which is the same in both classes. */
const E_MACHINE = 18;

/** @throws BuilderError when the source is of another release than the hypervisor */
export function targetOf(
  hypervisor: Hypervisor,
  { release: source }: Pick<PreparedSource, "release">,
): Target {
  const { xen } = hypervisor;
  const { release = { ...source, point: 0 } } = xen;
  if (release.major === source.major && release.minor === source.minor) {
    return { ...hypervisor, release, payloadVersion: requireReleaseLine(release).payloadVersion };
  }
  throw new BuilderError({
    code: "builder/bad-option",
    problem: `Cannot build for "${xen.source}": it is Xen ${release.major}.${release.minor}, the source is Xen ${source.major}.${source.minor}`,
    expected: "the source that this hypervisor was built from",
  });
}
