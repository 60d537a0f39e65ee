// Payloads that are wished for, and moved about by others, in the simulation.

import type { SyncFile } from "../../src/sync/sync-file.ts";
import type { MadePayload } from "../plan-payloads.ts";
import { makeIndependentUniverse, makeUniverse } from "../plan-universe.ts";
import { known } from "../sync/payloads.test.support.ts";
import { syncFileOf } from "../sync/sync-host.ts";

export interface Family {
  readonly payloads: readonly MadePayload[];
  readonly files: readonly SyncFile[];
}

export const families: readonly Family[] = [
  known,
  ...[301, 302, 303, 304, 305, 306].map((seed) => makeUniverse(seed, 6)),
  ...[321, 322].map(makeIndependentUniverse),
].map((payloads) => ({ payloads, files: payloads.map(syncFileOf) }));
