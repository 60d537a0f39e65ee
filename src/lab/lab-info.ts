// The description of a lab, for its clients and for other processes, which read it from a file.

import * as v from "valibot";
import type { Described } from "../json/decode-json.ts";

/** The programs in a lab's dom0 besides busybox and the agent. */
const userlandSchema = v.picklist([
  /** None: enough for hypercalls and small commands. */
  "minimal",
  /** Xen's stock tools of the lab's release (xen-livepatch, xl), as in a dom0 that has nothing of ours. */
  "stock",
  /** Node, Xen's stock tools of the lab's release (xen-livepatch, xl), an ssh server. */
  "full",
]);
export type Userland = v.InferOutput<typeof userlandSchema>;

export const labInfoSchema = v.object({
  /** Unique among the running labs of this user. */
  name: v.string(),
  /** As requested: "4.17", a package version, a path. */
  xen: v.string(),
  /** Exact version of Debian's package; `undefined` for a file of the user's. */
  packageVersion: v.optional(v.string()),
  /** Debug symbols of the hypervisor, perhaps a `.gz`. */
  symbols: v.optional(v.string()),
  /** `undefined`: "x86_64". */
  architecture: v.optional(v.literal("arm64")),
  cpus: v.number(),
  memoryMb: v.number(),
  userland: userlandSchema,
  startedFrom: v.picklist(["snapshot", "cold-boot"]),
  /** Run folder: sockets and logs. */
  folder: v.string(),
});
export type LabInfo = Described<typeof labInfoSchema>;

export function labelOf({ name, xen }: Pick<LabInfo, "name" | "xen">): string {
  return `lab ${name} (Xen ${xen})`;
}
