// Facts about the hypervisor from a dom0's own files and tools, as `key value` lines of one script.
// /sys/hypervisor has most of them; `xl info` has all.

import type { HostInfo } from "../host/host.ts";
import { architectures } from "../isa/architecture.ts";

export const FACTS_TASK = "read what the hypervisor says of itself";

/**
 * Prints lines `xl KEY : VALUE`, `sysfs KEY VALUE`, `machine VALUE`, `boot VALUE`. The files need almost no
 * process, `xl info` takes longer than everything else together, so it is asked only for what they lack.
 * The kernel prints a build-id up to its first zero byte: one of SHA-1's length is known to be whole.
 */
export const FACTS_SCRIPT = `
echo "machine $(uname -m)"
{ read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null && echo "boot $boot"
missing=
if cd /sys/hypervisor 2>/dev/null; then
  for fact in version/major version/minor version/extra compilation/compiler compilation/compile_date
  do { IFS= read -r value <$fact; } 2>/dev/null && echo "sysfs $fact $value" || missing=$fact
  done
  id=$(od -An -v -tx1 properties/buildid 2>/dev/null | tr -d " \n")
  [ \${#id} -eq 40 ] || missing=buildid
  [ -z "$id" ] || echo "sysfs properties/buildid $id"
  [ -n "$missing" ] || exit 0
fi
xl info 2>/dev/null | sed "s/^/xl /"
exit 0
`;

/** `undefined` when neither source knows the version: no Xen, or no access to it. */
export function parseHostFacts(text: string): HostInfo | undefined {
  const facts = factsOf(text);
  const find = (...keys: readonly string[]): string | undefined =>
    keys.map((key) => facts.get(key)).find((value) => value !== undefined && value !== "");
  const major = Number(find("xl xen_major", "sysfs version/major"));
  const minor = Number(find("xl xen_minor", "sysfs version/minor"));
  if (!Number.isInteger(major) || !Number.isInteger(minor)) return undefined;
  return {
    version: { major, minor, extra: find("xl xen_extra", "sysfs version/extra") ?? "" },
    buildId: find("xl build_id", "sysfs properties/buildid"),
    compiler: find("xl cc_compiler", "sysfs compilation/compiler"),
    compiledAt: find("xl cc_compile_date", "sysfs compilation/compile_date"),
    architecture: architectureOf(find("machine")),
    bootId: find("boot"),
  };
}

function factsOf(text: string): ReadonlyMap<string, string> {
  const facts = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match =
      /^(xl \w+) *: ?(.*)$/.exec(line) ??
      /^(sysfs \S+) (.*)$/.exec(line) ??
      /^(machine|boot) (.*)$/.exec(line);
    if (match?.[1] !== undefined) facts.set(match[1], (match[2] ?? "").trimEnd());
  }
  return facts;
}

export function architectureOf(machine: string | undefined): HostInfo["architecture"] {
  return architectures.find((name) => name === machine);
}
