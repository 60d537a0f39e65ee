// The payloads that sync is tried with on a real hypervisor and its model: three that replace one function
// each, one made on top of another, and two that take the place of all, one of them wrong. Not a test.

import type { EmittedPayload } from "../../../src/payload/emit/emit.ts";
import { parsePayload } from "../../../src/payload/parse.ts";
import { factsOfPayload } from "../../../src/plan/facts.ts";
import type { XenSyms } from "../../../src/running/xen-syms.ts";
import type { SyncFile } from "../../../src/sync/sync-file.ts";
import { idle, makeGuarded, type Wish as Recipe } from "../guard-payloads.ts";

const { f, g, h } = idle;

export interface SyncPayloads {
  /** Each replaces one function. */
  readonly a: SyncFile;
  readonly b: SyncFile;
  readonly c: SyncFile;
  /** Replaces what `a` and `b` do, and was made on top of `a`. */
  readonly onA: SyncFile;
  /** Replaces all, and nothing below it. */
  readonly all: SyncFile;
  /** As `all`, and expects another byte where the others have their jumps: no probe sees it. */
  readonly wrong: SyncFile;
}

export function makeSyncPayloads(xen: XenSyms): SyncPayloads {
  const make = (name: string, recipe: Recipe): SyncFile & { readonly emitted: EmittedPayload } => {
    const emitted = makeGuarded(xen, recipe);
    const payload = parsePayload(emitted.bytes, name);
    const facts = factsOfPayload(payload);
    return { name, source: `${name}.livepatch`, facts, payload, bytes: emitted.bytes, emitted };
  };
  const a = make("a", { number: 301, replaces: [f] });
  const cumulative = { replaces: [f, g, h], mode: "cumulative" } as const;
  return {
    a,
    b: make("b", { number: 302, replaces: [g] }),
    c: make("c", { number: 303, replaces: [h] }),
    onA: make("on-a", { number: 304, replaces: [f, g], below: [f], requires: [a.emitted] }),
    all: make("all", { number: 305, ...cumulative }),
    wrong: make("wrong", { number: 306, ...cumulative, wrong: { name: f, offset: 4 } }),
  };
}
