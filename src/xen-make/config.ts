// Compares two configurations of Xen (Kconfig's `.config`): the one that the hypervisor was built
// with, and what Xen's own `olddefconfig` makes of it with this source and this compiler.

export interface ConfigDifference {
  /** `CONFIG_LIVEPATCH` */
  readonly name: string;
  /** As the file has it; `n` where it is not set. */
  readonly given: string;
  readonly used: string;
}

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
