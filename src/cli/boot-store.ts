// What a host keeps for its next boot, for the commands that are about that.

import type { BootStore } from "../host/boot-store.ts";
import { HostError } from "../host/errors.ts";
import type { LivepatchHost } from "../host/host.ts";

/** @throws HostError host/unsupported for a host that has no next boot */
export function requireBootStore({ boot, label }: LivepatchHost): BootStore {
  if (boot !== undefined) return boot;
  throw new HostError({
    code: "host/unsupported",
    problem: `Cannot keep payloads on ${label} for its next boot: nothing outlives a boot there`,
    expected: "a dom0: local, or ssh:USER@HOST",
  });
}
