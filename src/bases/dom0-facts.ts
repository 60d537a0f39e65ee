// What a dom0 says of the hypervisor that is installed in it, by a script for its shell.

/** Prints a line for each fact, and ends with 0 whatever is missing. */
export const DOM0_FACTS_SCRIPT = `
if [ -r /etc/os-release ]; then . /etc/os-release; echo "os \${ID:-} \${VERSION_ID:-}"; fi
dpkg-query -W -f 'deb \${Package} \${Version} \${db:Status-Status}\\n' 'xen-hypervisor-*' 2>/dev/null
rpm -qa --qf 'rpm %{NAME} %{VERSION}-%{RELEASE}\\n' 'xen-hypervisor*' 2>/dev/null
for folder in /usr/src/xen-*/; do [ -e "$folder/xen-syms" ] && echo "lp-devel $folder"; done
exit 0
`;

interface InstalledPackage {
  readonly kind: "deb" | "rpm";
  readonly name: string;
  readonly version: string;
}

export interface Dom0Facts {
  /** `debian 12`; undefined where it does not say. */
  readonly system: string | undefined;
  /** Of hypervisors. */
  readonly packages: readonly InstalledPackage[];
  /** Directories of xen-lp-devel packages. */
  readonly lpDevel: readonly string[];
}

export function readDom0Facts(output: string): Dom0Facts {
  const lines = output.split("\n").map((line) => line.trim().split(" "));
  const system = lines.find(([kind]) => kind === "os")?.slice(1);
  return {
    system: system?.join(" ").trim() || undefined,
    packages: lines.flatMap(([kind, name = "", version = "", status]): InstalledPackage[] => {
      if (kind === "rpm") return [{ kind, name, version }];
      // Those with only configuration files left are listed, too; so are names without a package.
      return kind === "deb" && status === "installed" ? [{ kind, name, version }] : [];
    }),
    lpDevel: lines.flatMap(([kind, folder]) =>
      kind === "lp-devel" && folder !== undefined ? [folder.replace(/\/+$/, "")] : [],
    ),
  };
}
