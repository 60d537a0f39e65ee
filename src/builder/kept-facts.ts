// What a search of all code of a hypervisor tells, kept in the cache: where CPUs stand while it patches, where
// vCPUs may sleep, and which functions run only while a CPU is brought up. A search takes a quarter of a second, as long as
// all else that we do in a warm build. What is kept is that of these very bytes, found by this very code of
// ours; without the digest of that, which only the shipped bundle has, nothing is kept.

import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { sha256 } from "../bytes/sha256.ts";
import { readKept } from "../files/read-kept.ts";
import { writeWhole } from "../files/write-whole.ts";
import { allAtBringUp, rememberBringUp } from "../running/bring-up.ts";
import {
  rememberStanding,
  rememberVcpuSleep,
  standingOf,
  vcpuSleepOf,
} from "../running/standing-code.ts";
import { codeDigest } from "./code-digest.ts";
import type { Hypervisor } from "./target.ts";

const keptSchema = v.object({
  /** Of the code that found it. */
  code: v.string(),
  /** By the names of Xen's table. */
  standing: v.array(v.tuple([v.string(), v.picklist(["leaves", "stays"])])),
  bringUp: v.array(v.string()),
  vcpuSleep: v.array(v.string()),
});

/** Finds them, or takes those that are kept. `bytes` are those of the hypervisor. */
export function rememberFacts(
  { xen, object }: Hypervisor,
  bytes: Uint8Array,
  cache: string,
  code = codeDigest(),
): void {
  const { release } = xen;
  // Without a release of its own, the hypervisor is taken for one of the source's.
  if (release === undefined) return;
  const place =
    code === undefined ? undefined : join(cache, "hypervisors", `${sha256(bytes)}.json`);
  const kept = place === undefined ? undefined : readKept(place, keptSchema);
  if (kept !== undefined && kept.code === code) {
    rememberStanding(xen, { release, standing: new Map(kept.standing) });
    rememberBringUp(xen, new Set(kept.bringUp));
    rememberVcpuSleep(xen, new Set(kept.vcpuSleep));
    return;
  }
  const standing = [...standingOf(xen, release)];
  const bringUp = [...allAtBringUp(xen, object)];
  const vcpuSleep = [...vcpuSleepOf(xen)];
  if (place === undefined) return;
  mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
  // What a power cut spoils is found again.
  writeWhole(place, JSON.stringify({ code, standing, bringUp, vcpuSleep }), {
    survives: "death of the process",
  });
}
