// The code at the entry of the function that all payloads here replace.

import type { HostUnderTest } from "../host-under-test.ts";

export function entryOf({ readMemory, xen }: HostUnderTest): Promise<Uint8Array> {
  return readMemory(xen.functionNamed("xen_extra_version").address, 16);
}
