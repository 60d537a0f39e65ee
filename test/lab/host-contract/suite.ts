// A part of the contract adds its tests by it; each gets the host that is under test.

import type { HostUnderTest } from "../host-under-test.ts";

export type Suite = (name: string, body: (under: HostUnderTest) => Promise<void>) => void;
