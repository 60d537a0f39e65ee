// Behaviour of live patching that changed over time, and the point releases that got it later:
// ABI reference §0.1. What a whole 4.N line shares is in release.ts.

import type { Architecture } from "../isa/architecture.ts";
import { compareReleases, type Release } from "./release.ts";

interface FeatureHistory {
  /** First mainline release. */
  readonly since: Release;
  /** First point release with it, for each older line that has it. */
  readonly backports: readonly Release[];
}

function from(minor: number, ...backports: readonly (readonly [minor: number, point: number])[]) {
  const history: FeatureHistory = {
    since: { major: 4, minor, point: 0 },
    backports: backports.map(([line, point]) => ({ major: 4, minor: line, point })),
  };
  return history;
}

export const featureHistory = {
  /** Load and unload hooks, NOP entries, the check of the jump's distance. */
  "load-hooks": from(8),
  /** A relocation against symbol 0 is refused; earlier releases crash the host. */
  "refuses-null-symbol": from(10, [7, 4], [8, 2], [9, 1]),
  "checks-section-alignment": from(10),
  /** Apply is refused while a vCPU sits on an active wait queue (x86). */
  "checks-wait-queues": from(13, [11, 3], [12, 2]),
  /** CPUs meet only through tasklets of the idle loop. */
  "tasklet-rendezvous": from(14, [13, 1]),
  /** A CPU that does not run the idle domain is not drawn into the rendezvous. */
  "idle-domain-rendezvous": from(15, [13, 3], [14, 1]),
  /** Payload version 2: xen_depends, all hooks, expectations, metadata, NODEPS, funcs optional. */
  "payload-version-2": from(14),
  /** The jump goes after a leading ENDBR64; names are resolved before sizes are checked. */
  "endbr-aware": from(17, [14, 5], [15, 3], [16, 1]),
  /** Empty ALLOC sections get an address; relocations against sections not loaded are refused. */
  "keeps-empty-sections": from(17, [14, 5], [15, 3], [16, 1]),
  /** Only text becomes writable while patching, instead of all memory (x86). */
  "relaxes-page-permissions": from(18, [16, 4], [17, 1]),
  "checks-alternatives-range": from(18, [17, 4]),
  /** State per function lies outside the payload (livepatch_fstate). */
  "function-state-outside": from(19, [17, 3], [18, 1]),
  /** Addresses inside a payload are recognised from upload on, not only while it is applied. */
  "registered-at-upload": from(19, [17, 4], [18, 1]),
  /** Read-only data of the payload and of Xen is writable in load and unload hooks. */
  "rodata-writable-in-hooks": from(19, [17, 4], [18, 2]),
  /** Alternatives of a payload no longer access freed memory on hosts with IBT. */
  "alternatives-safe-with-ibt": from(19, [17, 4], [18, 2]),
  /** Payload calls through init-only operation tables no longer fault. */
  "keeps-altcall-operations": from(19, [17, 5], [18, 3]),
  /** The word at offset 12 of the sysctl is `flags`. */
  "force-flag": from(19),
  /** The hypervisor's build-id is compared before anything is loaded. */
  "early-build-id-check": from(20, [18, 4], [19, 1]),
  /** Bad alternatives give an error instead of a crash of the host. */
  "returns-alternatives-errors": from(20, [18, 4], [19, 1]),
  /** `.alt_call_sites`, and alternatives that apply when a feature is absent. */
  "alt-call-sites": from(21),
  /** LIST takes the caller's buffer sizes. */
  "bounded-list": from(21),
  /** The BUG marker of x86 is `d6` instead of `0f 0b`. */
  "one-byte-bug-marker": from(22),
} as const satisfies Record<string, FeatureHistory>;

export type Feature = keyof typeof featureHistory;

export function hasFeature(release: Release, feature: Feature): boolean {
  const { since, backports }: FeatureHistory = featureHistory[feature];
  if (compareReleases(release, since) >= 0) return true;
  const backport = backports.find(
    ({ major, minor }) => major === release.major && minor === release.minor,
  );
  return backport !== undefined && release.point >= backport.point;
}

export function featuresOf(release: Release): ReadonlySet<Feature> {
  const all = Object.keys(featureHistory) as Feature[];
  return new Set(all.filter((feature) => hasFeature(release, feature)));
}

/**
 * Whether `.livepatch.funcs` must be writable: on hosts that write state into it without removing the
 * protection of payload data, a read-only array causes a fault (ABI reference §1.10, rule 4).
 */
export function needsWritableFuncs(release: Release, architecture: Architecture): boolean {
  if (hasFeature(release, "function-state-outside")) return false;
  return architecture === "aarch64" || hasFeature(release, "relaxes-page-permissions");
}

/**
 * Whether a payload's code cannot be patched by a payload, itself or another: only regions that are
 * known to hold code become writable, and a payload becomes known only after its functions are written
 * (ABI reference §5.3). The host faults.
 */
export function faultsOnPatchedPayload(release: Release, architecture: Architecture): boolean {
  if (architecture === "aarch64") return true;
  return (
    hasFeature(release, "relaxes-page-permissions") && !hasFeature(release, "registered-at-upload")
  );
}

/**
 * Whether a payload for the release may carry an applied-marker, which is patched code of its own. Only
 * where that is certain, also for "4.17.4-pre" and for 4.17.0 with patches of 4.17.1, as distributions
 * ship it.
 */
export function mayCarryMarker(release: Release, architecture: Architecture): boolean {
  if (architecture === "aarch64" || !hasFeature(release, "payload-version-2")) return false;
  const permissions: FeatureHistory = featureHistory["relaxes-page-permissions"];
  const firstMinor = Math.min(...permissions.backports.map(({ minor }) => minor));
  if (release.minor < firstMinor) return true;
  const { since, backports }: FeatureHistory = featureHistory["registered-at-upload"];
  const first = backports.find(({ minor }) => minor === release.minor) ?? since;
  return compareReleases(release, first) > 0;
}

/**
 * Whether a payload for the release should have `.livepatch.funcs` writable: wherever the release
 * is not surely one that keeps its state elsewhere. Numbers promise little here: "4.17.3-pre" is a
 * build from before 4.17.3, and distributions ship 4.17.0 with patches of 4.17.1. Xen takes a
 * writable array everywhere, applies it again nevertheless, and 4.8 and 4.9 do so with no other
 * (ABI reference §2.6).
 */
export function wantsWritableFuncs(release: Release): boolean {
  const { since, backports }: FeatureHistory = featureHistory["function-state-outside"];
  const first = backports.find(({ minor }) => minor === release.minor) ?? since;
  return compareReleases(release, first) <= 0;
}
