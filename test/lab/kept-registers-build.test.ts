// Registers across calls, between fixes: "callee-clobbers" gives a function of common/grant_table.c a
// body that changes all registers that calls may change, "caller-relies" a caller whose compiler saw the
// old body, and keeps six values in those registers; "caller-relies-through" calls it through a function
// that the fix brings. However the two meet, the caller prints what it prints by itself. Where the callee is
// there already, and the caller was made without it, Xen refuses the caller.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { HostError } from "../../src/host/errors.ts";
import type { PayloadMode } from "../../src/payload/metadata-keys.ts";
import { type CorpusSource, whyNoCorpusSource } from "./build-corpus-source.ts";
import { act, type Bench } from "./compile-bench.ts";
import { applyAnywhere, useCorpusBench, warnOfGrants } from "./corpus-bench.ts";
import { buildCorpusFix } from "./corpus-fix.ts";
import { call } from "./host-under-test.ts";

const patches = fileURLToPath(new URL("../../../test/corpus/patches/", import.meta.url));
const [A, B, THROUGH] = ["callee-clobbers", "caller-relies", "caller-relies-through"] as const;
type Fix = typeof A | typeof B | typeof THROUGH;

/** Payloads, the lowest first; which fixes they carry, and which of those before they lie on. */
const meetings: readonly (readonly [
  how: string,
  mode: PayloadMode,
  payloads: readonly { readonly fixes: readonly Fix[]; readonly on: readonly number[] }[],
])[] = [
  [
    "caller first, each for itself",
    "independent",
    [
      { fixes: [B], on: [] },
      { fixes: [A], on: [] },
    ],
  ],
  [
    "caller on callee",
    "stack",
    [
      { fixes: [A], on: [] },
      { fixes: [B], on: [0] },
    ],
  ],
  [
    "callee on caller",
    "stack",
    [
      { fixes: [B], on: [] },
      { fixes: [A], on: [0] },
    ],
  ],
  ["both in one", "cumulative", [{ fixes: [A, B], on: [] }]],
  [
    "caller through new code first, each for itself",
    "independent",
    [
      { fixes: [THROUGH], on: [] },
      { fixes: [A], on: [] },
    ],
  ],
  [
    "callee on caller through new code",
    "stack",
    [
      { fixes: [THROUGH], on: [] },
      { fixes: [A], on: [0] },
    ],
  ],
];

describe("buildFix() and code that relies on registers", {
  skip: await whyNoCorpusSource(),
}, () => {
  const opened = useCorpusBench();
  let alone: string;
  before(async () => {
    const { source, bench } = opened();
    const caller = await build(source, "independent", [B], []);
    alone = await withApplied(bench, [caller], () => limits(bench));
    assert.match(alone, /^limits 64 1024 \d+ \d+ 0 \d+ \d+$/);
  });

  for (const [how, mode, payloads] of meetings) {
    test(`buildFix() makes code that relies on no register of the other fix: ${how}`, async () => {
      const { source, bench } = opened();
      const made: Uint8Array[] = [];
      for (const { fixes, on } of payloads) {
        const below = on.flatMap((index) => made[index] ?? []);
        made.push(await build(source, mode, fixes, below));
      }
      assert.equal(await withApplied(bench, made, () => limits(bench)), alone);
    });
  }

  for (const caller of [B, THROUGH]) {
    test(`buildFix() makes of ${caller} what Xen refuses where its callee is replaced`, async () => {
      const { source, bench } = opened();
      const callee = await build(source, "independent", [A], []);
      const other = await build(source, "independent", [caller], []);
      await withApplied(bench, [callee], async () => {
        await bench.host.upload("other", other, call);
        await assert.rejects(applyAnywhere(bench, "other"), (error) => {
          assert.ok(error instanceof HostError);
          assert.match(error.unexpectedCode?.place ?? "", /#nr_grant_entries\+\d+$/);
          return true;
        });
        await act(bench, "other", "unload");
      });
      assert.equal(await withApplied(bench, [other], () => limits(bench)), alone);
    });
  }
});

async function build(
  source: CorpusSource,
  mode: PayloadMode,
  fixes: readonly Fix[],
  below: readonly Uint8Array[],
): Promise<Uint8Array> {
  const files = fixes.map((name) => `${name}.patch`);
  const { payload, refusals } = await buildCorpusFix(source, {
    patches: files.map((name) => ({ name, bytes: readFileSync(join(patches, name)) })),
    mode,
    below,
  });
  assert.deepEqual(refusals, []);
  assert.ok(payload);
  return payload.bytes;
}

/** Applied in this order; gone again afterwards. */
async function withApplied<Found>(
  bench: Bench,
  payloads: readonly Uint8Array[],
  look: () => Promise<Found>,
): Promise<Found> {
  const names = payloads.map((_, index) => `fix${index}`);
  for (const [index, bytes] of payloads.entries()) {
    await bench.host.upload(`fix${index}`, bytes, call);
    await applyAnywhere(bench, `fix${index}`);
  }
  const found = await look();
  for (const name of names.toReversed()) await act(bench, name, "revert", "unload");
  return found;
}

/** What the caller prints of dom0. */
async function limits(bench: Bench): Promise<string> {
  const text = await warnOfGrants(bench);
  return /limits [\d ]*/.exec(text)?.[0].trim() ?? text;
}
