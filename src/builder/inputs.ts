// What a build is made from and for: the hypervisor, its release, and what the payload says of both.

import { createHash } from "node:crypto";
import { BuilderError } from "../build-outcome/builder-error.ts";
import type { ElfObject } from "../elf/object.ts";
import { openElf } from "../elf/open.ts";
import { findArchitecture } from "../isa/architecture.ts";
import type { PreparedPairs } from "../pairs/prepare-pairs.ts";
import type { EmitInput } from "../payload/emit/input.ts";
import { originPatch, type PayloadOrigin, withoutTexts } from "../payload/origin.ts";
import { readXenSyms, type XenSyms } from "../running/xen-syms.ts";
import { wantsWritableFuncs } from "../xen-abi/features.ts";
import type { Release } from "../xen-abi/release.ts";
import { findMakeTools, type MakeTools } from "../xen-make/tools.ts";
import type { BuildOptions } from "./build-options.ts";
import type { Metadata } from "./metadata.ts";

export function readHypervisor({ xenSyms }: BuildOptions): {
  readonly xen: XenSyms;
  readonly hypervisor: ElfObject;
} {
  const { bytes, name } = xenSyms;
  return { xen: readXenSyms(bytes, name), hypervisor: openElf(bytes, name) };
}

/** Undefined for a file that readHypervisor() refuses. */
export function startTools(options: BuildOptions): Promise<MakeTools> | undefined {
  const { bytes } = options.xenSyms;
  const machine = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const architecture =
    bytes.length < E_MACHINE + 2 ? undefined : findArchitecture(machine.getUint16(E_MACHINE, true));
  if (architecture === undefined) return undefined;
  const tools = findMakeTools({ ...options, architecture });
  tools.catch(() => {}); // It is told when it is waited for, unless something else is wrong first.
  return tools;
}

/** Place of e_machine in an ELF header, and in that of every class. */
const E_MACHINE = 18;

/** @throws BuilderError when the source is of another release than the hypervisor */
export function releaseOf(xen: XenSyms, { release: source }: PreparedPairs): Release {
  const { release = { ...source, point: 0 } } = xen;
  if (release.major === source.major && release.minor === source.minor) return release;
  throw new BuilderError({
    code: "builder/bad-option",
    problem: `Cannot build for "${xen.source}": it is Xen ${release.major}.${release.minor}, the source is Xen ${source.major}.${source.minor}`,
    expected: "the source that this very hypervisor was built from",
  });
}

export function originOf(
  { config, patches, carriedPatches }: BuildOptions,
  { sourceDigest, compiler }: PreparedPairs,
): PayloadOrigin {
  const origin = {
    source: sourceDigest,
    config: createHash("sha256").update(config.text).digest("hex"),
    compiler: compiler.version,
    patches: patches.map(({ name, bytes }) => originPatch(name, bytes)),
  };
  return carriedPatches === "texts" ? origin : withoutTexts(origin);
}

export function emitOptions(
  xen: XenSyms,
  release: Release,
  metadata: Metadata,
): Pick<EmitInput, "architecture" | "xenDepends" | "metadata" | "funcsAccess"> {
  return {
    architecture: xen.architecture,
    xenDepends: xen.buildId,
    metadata,
    funcsAccess: wantsWritableFuncs(release) ? "writable" : "read-only",
  };
}
