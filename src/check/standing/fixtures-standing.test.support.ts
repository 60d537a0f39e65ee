// Fixtures of where CPUs are while Xen patches. Not a test.

import { makeElf } from "../../xen-model/hand-made-elf.test.support.ts";
import {
  type Fixture,
  goodParts,
  goodPayload,
  OLD_CODE,
  withParts,
} from "../fixtures.test.support.ts";

function replacing(old: string, ...metadata: readonly string[]): Uint8Array {
  const entries = [{ old, by: "new_body", expectation: OLD_CODE }];
  return goodPayload(metadata.length === 0 ? { entries } : { entries, metadata });
}

/** Its code calls the function in which all CPUs wait, and its metadata says that they leave it soon. */
function calling(change: Parameters<typeof goodParts>[0] = {}): Uint8Array {
  const parts = goodParts({ ...change, metadata: ["lingers=alpha"] });
  return makeElf(withParts(parts, [], [{ name: "check_for_livepatch_work", section: 0 }]));
}

export function standingFixtures(): readonly Fixture[] {
  return [
    {
      rule: "cpu-in-code",
      what: "a function in which CPUs wait, by a payload that does not say so",
      severity: "hazard",
      payloads: [replacing("idle_loop")],
    },
    {
      rule: "cpu-in-code",
      what: "one of which the metadata tells, so that an unload waits",
      severity: "note",
      payloads: [replacing("idle_loop", "lingers=idle_loop")],
    },
    {
      rule: "cpu-in-code",
      what: "a function in which CPUs sleep that are offline",
      severity: "hazard",
      payloads: [replacing("default_dead_idle", "parks=default_dead_idle")],
    },
    {
      rule: "cpu-in-code",
      what: "CPUs that wait, on a release on which they may idle on in it",
      severity: "hazard",
      release: "4.13.0",
      payloads: [goodPayload({ version: 1, entries: [{ old: "idle_loop", by: "new_body" }] })],
    },
    {
      rule: "cpu-in-code",
      what: "new code that calls where CPUs wait",
      severity: "note",
      payloads: [calling()],
    },
    {
      rule: "cpu-in-code",
      what: "the same on a release on which CPUs may idle on in it, whatever the metadata says",
      severity: "hazard",
      release: "4.13.0",
      payloads: [calling({ version: 1, entries: [{ old: "alpha", by: "new_body" }] })],
    },
    {
      rule: "unpatchable-path",
      what: "what the author allowed",
      severity: "note",
      payloads: [replacing("memcpy", "unsafe=memcpy")],
    },
  ];
}
