// Reads a consistent list of payloads: starts again whenever one was added or removed meanwhile.

import { HostError } from "../host/errors.ts";
import { Errno } from "../xen-abi/errno.ts";
import { LIST_COUNT_MAX } from "../xen-abi/limits.ts";
import {
  type ListProbe,
  listProbeCall,
  listRequest,
  type RawListEntry,
  readListPart,
  readListProbe,
} from "./list-calls.ts";
import { refusal } from "./refusal.ts";
import type { SysctlInterface } from "./sysctl-interface.ts";
import type { Hypercall, HypercallAnswer } from "./transport.ts";

const WHAT = "list the payloads";
const ATTEMPTS_MAX = 32;

type Call = (call: Hypercall) => Promise<HypercallAnswer>;

export async function readWholeList(
  dialect: SysctlInterface,
  call: Call,
): Promise<readonly RawListEntry[]> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const probed = await call(listProbeCall(dialect));
    if (probed.result < 0) throw refusal(WHAT, probed.result);
    const probe = readListProbe(dialect, probed.output);
    const entries = await readEntries(dialect, probe, call);
    if (entries !== undefined) return entries;
  }
  throw new HostError({
    code: "host/refused",
    problem: `Cannot ${WHAT}: payloads were loaded or unloaded during ${ATTEMPTS_MAX} attempts`,
    remedy: "try again when nobody uploads or unloads payloads",
  });
}

/** `undefined` when the list changed during the read. */
async function readEntries(
  dialect: SysctlInterface,
  { version, count, metadataSize }: ListProbe,
  call: Call,
): Promise<readonly RawListEntry[] | undefined> {
  const entries: RawListEntry[] = [];
  while (entries.length < count) {
    const missing = Math.min(count - entries.length, LIST_COUNT_MAX);
    const from = { index: entries.length, count: missing, metadataSize };
    const request = listRequest(dialect, from);
    const answer = await call(request.call);
    // The index is past the end, or an entry does not fit: the list has changed.
    if (answer.result === -Errno.EINVAL || answer.result === -Errno.ENOBUFS) return undefined;
    if (answer.result < 0) throw refusal(WHAT, answer.result);
    const part = readListPart(dialect, request, answer);
    // Fewer entries than requested mean a preempted call; none, or other entries than before, a changed
    // list.
    if (part.version !== version || part.entries.length === 0) return undefined;
    entries.push(...part.entries);
  }
  return entries;
}
