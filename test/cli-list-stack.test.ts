// `xsplice list --stack`: what is applied on what, what is not known, and what was interrupted.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJournal, encodeJournal } from "../src/plan/journal-json.ts";
import { first, hostWith, keeper, make, second, third } from "./cli-plan-host.ts";
import type { MadePayload } from "./plan-payloads.ts";
import { runXsplice } from "./run-cli.ts";

const id = (payload: MadePayload) => payload.buildId.slice(0, 12);

test("list --stack shows what is applied on what, and which function runs whose code", async () => {
  const host = await hostWith(first, second, third);
  const run = await runXsplice(["list", "--stack"], { host });
  assert.equal(
    run.stdout,
    `3  third  (independent, guard full)  ${id(third)}
      delta
2  second  (stack, guard full, on first)  ${id(second)}
      beta
      gamma
1  first  (stack, guard full)  ${id(first)}
      alpha
      beta  <- replaced again by second
   hypervisor ${"a1".repeat(20)}

order known from xSplice's journal on that host
`,
  );
});

test("list --stack --tree draws each payload below what it was made for", async () => {
  const host = await hostWith(first, second, third);
  await runXsplice(["upload", "spare", keeper.path], { host });
  const run = await runXsplice(["list", "--stack", "--tree"], { host });
  assert.equal(
    run.stdout,
    `hypervisor ${"a1".repeat(20)}
├─ 1 first  (stack, guard full)  ${id(first)}
│  │    alpha
│  │    beta  <- replaced again by second
│  └─ 2 second  (stack, guard full, on first)  ${id(second)}
│          beta
│          gamma
└─ 3 third  (independent, guard full)  ${id(third)}
        delta

loaded, not applied: spare
order known from xSplice's journal on that host
`,
  );
});

test("list --stack says what is not known, and why, when the journal is gone", async () => {
  const host = await hostWith(third, make("fifth", { mode: "independent", functions: ["marked"] }));
  host.journal.text = undefined;
  const run = await runXsplice(["list", "--stack"], { host });
  assert.match(run.stdout, /^\? {2}fifth/);
  assert.match(
    run.stdout,
    /the order of application is not known\n {2}because "third" and "fifth" may be in either order\n {2}because there is no journal of this host\n/,
  );
  const json = JSON.parse((await runXsplice(["list", "--stack", "--json"], { host })).stdout);
  assert.equal(json.order.kind, "unknown");
  assert.equal(json.journal, "none");
});

test("list --stack shows what an interrupted sync was to come to, and the command that goes on", async () => {
  const host = await hostWith(first);
  const journal = decodeJournal(host.journal.text ?? "");
  assert.ok(journal !== undefined);
  const interrupt = (goal: readonly string[]) => {
    host.journal.text = encodeJournal({ ...journal, goal });
  };
  const finished = await runXsplice(["list", "--stack"], { host });
  assert.ok(!finished.stdout.includes("sync"), finished.stdout);
  interrupt(["first", "odd one"]);
  const command = "xsplice sync --to ./first.livepatch --to './odd one.livepatch'";
  for (const flags of [["--stack"], ["--stack", "--tree"]]) {
    const { stdout } = await runXsplice(["list", ...flags], { host });
    assert.match(stdout, /\na sync was not finished; applied at its end: first, odd one\n/);
    assert.ok(stdout.endsWith(`\n  ${command}\n`), stdout);
  }
  const json = JSON.parse((await runXsplice(["list", "--stack", "--json"], { host })).stdout);
  assert.deepEqual([json.interruptedGoal, json.continues], [["first", "odd one"], command]);
  interrupt([]);
  const nothing = await runXsplice(["list", "--stack"], { host });
  assert.match(
    nothing.stdout,
    /applied at its end: nothing\n(.*\n) {2}xsplice sync --to-nothing\n$/,
  );
});
