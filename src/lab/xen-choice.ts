// Selects a lab's hypervisor: one of Debian's by release or exact package version, or any file.

import { existsSync, statSync } from "node:fs";
import { partDefinition, partIds } from "../parts/catalogue.ts";
import { PartsError } from "../parts/errors.ts";
import { type PartsOptions, requirePart } from "../parts/parts.ts";
import { findXenFiles } from "../parts/xen-files.ts";
import { LabError } from "./errors.ts";

export interface Hypervisor {
  /** "4.17", "4.17.7", a package version, or the path that was given. */
  readonly name: string;
  /** The part that contains it; `undefined` for a file of the user's. */
  readonly part: string | undefined;
  /** Of a file of the user's: its line, "4.17", if the caller knows it. */
  readonly release: string | undefined;
  /** Part with the stock tools of this release, where there is one. */
  readonly toolsPart: string | undefined;
}

export interface HypervisorFiles {
  /** As a boot loader takes it, perhaps compressed. */
  readonly image: string;
  /** Debug symbols; `undefined` for a file of the user's that came without. Perhaps a `.gz`. */
  readonly symbols: string | undefined;
  /** Exact version of Debian's package. */
  readonly packageVersion: string | undefined;
}

/**
 * @param ownRelease the line of a file of the user's, such as "4.17"
 * @param xen a release such as "4.17", the exact version of a package of Debian's, or the path of
 *   a hypervisor image (anything with a slash in it)
 * @throws LabError lab/bad-argument, lab/missing-file
 */
export function chooseHypervisor(xen: string, ownRelease?: string): Hypervisor {
  if (xen.includes("/")) {
    requireFile(xen, "hypervisor image");
    const tools = `xen-tools-${ownRelease}`;
    const toolsPart = partIds.includes(tools) ? tools : undefined;
    return { name: xen, part: undefined, release: ownRelease, toolsPart };
  }
  const part = `xen-${xen}`;
  const release = /^\d+\.\d+/.exec(xen)?.[0];
  if (release === undefined || !partIds.includes(`xen-tools-${release}`)) throw unknownXen(xen);
  if (!isPart(part)) throw unknownXen(xen);
  return { name: xen, part, release, toolsPart: `xen-tools-${release}` };
}

/** Text that looks like a release may continue as something that is not a version. */
function isPart(id: string): boolean {
  try {
    partDefinition(id);
    return true;
  } catch (error) {
    if (error instanceof PartsError) return false;
    throw error;
  }
}

/**
 * Of a hypervisor whose part has been fetched.
 * @throws PartsError parts/missing; LabError lab/bad-argument, lab/missing-file
 */
export function findHypervisorFiles(
  hypervisor: Hypervisor,
  userSymbols: string | undefined,
  options: PartsOptions,
): HypervisorFiles {
  if (userSymbols !== undefined) requireFile(userSymbols, "symbol file");
  if (hypervisor.part === undefined) {
    return { image: hypervisor.name, symbols: userSymbols, packageVersion: undefined };
  }
  const state = requirePart(hypervisor.part, options);
  if (state.kind !== "cached") throw unknownXen(hypervisor.name);
  const { image, symbols } = findXenFiles(state.root);
  if (image === undefined) throw unknownXen(hypervisor.name);
  return {
    image,
    symbols: userSymbols ?? symbols,
    packageVersion: state.manifest.packages[0]?.version,
  };
}

function requireFile(path: string, what: string): void {
  if (existsSync(path) && statSync(path).isFile()) return;
  throw new LabError({
    code: "lab/missing-file",
    problem: `Cannot use ${what} "${path}": there is no such file`,
    remedy: "check the path, and the directory that it is relative to",
  });
}

function unknownXen(xen: string): LabError {
  const releases = partIds.filter((id) => /^xen-\d/.test(id)).map((id) => id.slice("xen-".length));
  return new LabError({
    code: "lab/bad-argument",
    problem: `Cannot start a lab with Xen "${xen}": it is not known`,
    expected: `${releases.join(", ")}, the exact version of a Debian package of one of them, or the path of a hypervisor image`,
    remedy: "name another one with --xen",
  });
}
