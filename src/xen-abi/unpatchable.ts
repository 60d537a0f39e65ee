// Functions of Xen that no payload may replace, as data per release. A CPU can run them while Xen writes the
// jump, or runs them to write it (ABI reference §4.3, §4.4, §8.1). Xen itself has no such list and would patch
// them. Functions in which CPUs only stand meanwhile can be replaced: standing/ finds those of x86-64 in the
// code; on Arm, where nobody has tried it, they are in this list.

import type { Architecture } from "../isa/architecture.ts";
import { hasFeature } from "./features.ts";
import type { Release } from "./release.ts";
import type { Stay } from "./rendezvous.ts";
import { aarch64Paths, x86Paths } from "./unpatchable-arch.ts";
import { commonPaths, type UnpatchablePath } from "./unpatchable-common.ts";

/** A function that cannot be replaced safely, and the reason; used unchanged by diff/policy.ts. */
export interface UnpatchableFunction {
  readonly name: RegExp;
  /** Of the source file, as the object's STT_FILE spells it; undefined for any. */
  readonly file?: RegExp;
  readonly reason: string;
  /** Whether CPUs leave a body of it soon, for who replaces it nevertheless. */
  readonly stay: Stay;
}

/** The functions of one release; those of all releases when it is unknown. */
export function unsafeFunctions(
  architecture: Architecture,
  release: Release | undefined,
): readonly UnpatchableFunction[] {
  return pathsOf(architecture)
    .filter(({ feature }) => {
      return feature === undefined || release === undefined || hasFeature(release, feature);
    })
    .flatMap(({ path, reason, names, files = [], stay = "leaves" }): UnpatchableFunction[] => [
      { name: anyOf(names), reason: `${labels[path]}: ${reason}`, stay },
      ...files.map((file) => ({
        name: /^/,
        file: new RegExp(`(^|/)${escaped(file)}$`),
        reason: `${labels[path]}: ${reason}`,
        stay,
      })),
    ]);
}

/** @param name as Xen's table spells it: a static function has its source file in front */
export function findUnsafe(
  functions: readonly UnpatchableFunction[],
  name: string,
): UnpatchableFunction | undefined {
  const [file, bare] = name.includes("#") ? name.split("#") : ["", name];
  return functions.find((one) => one.name.test(bare ?? "") && (one.file?.test(file ?? "") ?? true));
}

export function pathsOf(architecture: Architecture): readonly UnpatchablePath[] {
  return [...commonPaths, ...(architecture === "x86_64" ? x86Paths : aarch64Paths)];
}

const labels: Readonly<Record<UnpatchablePath["path"], string>> = {
  nmi: "the path of non-maskable interrupts",
  "machine-check": "the path of machine checks",
  entry: "entry code",
  "live-patching": "live patching itself",
  "idle-loop": "the idle loop",
  "context-switch": "the tail of a context switch",
};

/** Clones and cold parts of a function count as that function. */
function anyOf(names: readonly string[]): RegExp {
  return new RegExp(`^(?:${names.map(escaped).join("|")})(?:\\.(?:constprop|isra|part|cold).*)?$`);
}

function escaped(text: string): string {
  return text.replace(/[.]/g, "\\.");
}
