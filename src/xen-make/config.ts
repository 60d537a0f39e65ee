// Compares two configurations of Xen (Kconfig's `.config`): the one that the hypervisor was built
// with, and what Xen's own `olddefconfig` makes of it with this source and this compiler.

import * as v from "valibot";
import type { Described } from "../json/decode-json.ts";

export const configDifferenceSchema = v.object({
  /** `CONFIG_LIVEPATCH` */
  name: v.string(),
  /** As the file has it; `n` where it is not set. */
  given: v.string(),
  used: v.string(),
});
export type ConfigDifference = Described<typeof configDifferenceSchema>;

export function compareConfigs(given: string, used: string): ConfigDifference[] {
  const [one, other] = [parseConfig(given), parseConfig(used)];
  const names = [...new Set([...one.keys(), ...other.keys()])].sort();
  return names.flatMap((name) => {
    const difference = { name, given: one.get(name) ?? "n", used: other.get(name) ?? "n" };
    return difference.given === difference.used ? [] : [difference];
  });
}

/** What is not set does not stand in the map. */
export function parseConfig(text: string): ReadonlyMap<string, string> {
  const settings = text.matchAll(/^(CONFIG_\w+)=(.*)$/gm);
  return new Map(
    [...settings].flatMap(([, name = "", value = ""]) => (value === "n" ? [] : [[name, value]])),
  );
}
