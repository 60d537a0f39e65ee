// What a host can say of vulnerabilities: not of its package's version, but of what runs. The forms for scanners
// are openvex.ts and csaf.ts.

import type { HostStatus } from "../trust/host-status.ts";

export interface Subject {
  /** Package URL of the hypervisor's package, as a scanner knows it. */
  readonly product: string;
  /** Who says it: a name, and a URI of theirs. */
  readonly author: string;
  readonly namespace: string;
  readonly at: Date;
  readonly version: string;
}

export interface Statement {
  /** A CVE, or an advisory that has none. */
  readonly name: string;
  readonly advisory: string;
  readonly title: string;
  readonly isCve: boolean;
  readonly state:
    | { readonly kind: "not-affected"; readonly why: string }
    | { readonly kind: "affected"; readonly action: string };
}

export function statementsOf({ fixes, xenBuildId }: HostStatus): readonly Statement[] {
  return fixes.flatMap(({ advisory, cves, title, state, payload = "", reason = "" }) => {
    const said: Statement["state"] =
      state === "in-force"
        ? {
            kind: "not-affected",
            why: `the live patch ${payload} is applied to hypervisor ${xenBuildId}: the vulnerable code is not run any more, until the next reboot`,
          }
        : {
            kind: "affected",
            action:
              state === "missing"
                ? `apply the live patch ${payload}: xsplice update`
                : `reboot into a hypervisor with the fix, which cannot be live patched: ${reason}`,
          };
    const names = cves.length > 0 ? cves : [advisory];
    return names.map((name) => ({ name, advisory, title, isCve: cves.length > 0, state: said }));
  });
}

/** The same statements have the same id: of a document, a UUID is made of their digest. */
export function uuidOf(digest: string): string {
  const variant = ((Number.parseInt(digest[16] ?? "0", 16) & 3) | 8).toString(16);
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join("-");
}
