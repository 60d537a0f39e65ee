// The configuration of a hypervisor is stored in it, for hypfs (since Xen 4.14, with
// CONFIG_HYPFS_CONFIG; xen/common/config_data.S): the text of its .config, compressed by gzip. Code of
// another configuration may have another memory layout that no compared function shows.

import { gunzipSync } from "node:zlib";
import type { BuildRefusal } from "../build-outcome/refusal.ts";
import { type ConfigDifference, parseConfig } from "../xen-make/config.ts";
import type { XenSyms } from "./xen-syms.ts";

/** A configuration is a text of some 5 KiB. */
const CONFIG_SIZE_MAX = 1024 * 1024;
/** Facts that Kconfig detects about compiler, assembler and linker; compiler-check.ts reports those. */
const ofTools = /^CONFIG_(CC|GCC|CLANG|LD|AS|HAS_CC|HAS_AS|HAS_LD)_/;
/** The most that are listed; further ones are counted. */
const LISTED_MAX = 8;

/** The text of a `.config`; undefined when the hypervisor does not contain it. */
export function findConfig({ byName, bytesAt }: XenSyms): string | undefined {
  const [data, size] = ["xen_config_data", "xen_config_data_size"].map((name) => byName.get(name));
  if (data === undefined || size === undefined) return undefined;
  try {
    const field = bytesAt(size.address, 4);
    const length = new DataView(field.buffer, field.byteOffset).getUint32(0, true);
    const packed = bytesAt(data.address, Math.min(length, CONFIG_SIZE_MAX));
    return gunzipSync(packed, { maxOutputLength: CONFIG_SIZE_MAX }).toString("utf8");
  } catch {
    return undefined; // Another thing of this name.
  }
}

/**
 * Settings that differ between `given`, after Xen's make files have processed it, and the hypervisor;
 * none when the hypervisor does not contain its own. `given` there is what was built with.
 */
export function compareWithHypervisor(
  xen: XenSyms,
  given: string,
  made: readonly ConfigDifference[],
): readonly ConfigDifference[] {
  const text = findConfig(xen);
  if (text === undefined) return [];
  const running = parseConfig(text);
  const own = new Map(parseConfig(given));
  for (const { name, used } of made) own.set(name, used);
  const names = [...new Set([...own.keys(), ...running.keys()])].sort();
  return names.flatMap((name) => {
    const difference = { name, given: own.get(name) ?? "n", used: running.get(name) ?? "n" };
    return difference.given === difference.used || ofTools.test(name) ? [] : [difference];
  });
}

/**
 * Settings that the hypervisor's own configuration names with another value than `given`, which may name
 * only some, or some that this release does not have.
 */
export function contradictions(own: string, given: string): readonly ConfigDifference[] {
  const running = parseConfig(own);
  const isNamed = (name: string) => running.has(name) || own.includes(`# ${name} is not set`);
  return [...parseConfig(given)].flatMap(([name, value]) => {
    const used = running.get(name) ?? "n";
    if (used === value || !isNamed(name) || ofTools.test(name)) return [];
    return [{ name, given: value, used }];
  });
}

export function refuseOtherConfig(
  differences: readonly ConfigDifference[],
  { config, xen }: { readonly config: string; readonly xen: XenSyms },
): readonly BuildRefusal[] {
  if (differences.length === 0) return [];
  const listed = differences
    .slice(0, LISTED_MAX)
    .map(({ name, given, used }) => `${name} is ${given} here, ${used} in the hypervisor`);
  const rest = differences.length - listed.length;
  return [
    {
      rule: "configuration",
      what: `configuration "${config}"`,
      where: xen.source,
      reasons: rest > 0 ? [...listed, `and ${rest} more`] : listed,
      remedy: "give the .config that this hypervisor was built with",
    },
  ];
}
