// `xsplice list --stack`: what is applied on what, what is not known, and what was interrupted.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJournal, encodeJournal } from "../src/plan/journal-json.ts";
import { first, hostWith, keeper, make, second, third } from "./cli-plan-host.ts";
import { FakeHost } from "./fake-host.ts";
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

const own = (buildId: string, depends: string): readonly string[] => [
  ...[`build-id=${buildId}`, `depends=${depends}`, "mode=stack", "guard=full", "functions=alpha"],
];
const [idA, idB, idC] = ["aa", "bb", "cc"].map((byte) => byte.repeat(20)) as [
  string,
  string,
  string,
];

for (const [what, claims, because] of [
  ["itself", { one: own(idA, idA), two: own(idB, idA) }, '"one" would have to be on top of each'],
  ["each other", { one: own(idA, idB), two: own(idB, idA) }, '"one", "two" would have to be'],
  [
    "each other in a circle",
    { one: own(idA, idB), two: own(idB, idC), three: own(idC, idA) },
    '"one", "two", "three" would have to be',
  ],
  [
    "what another one says that it is",
    { one: own(idA, idB), two: own(idA, idB) },
    "the same build-id",
  ],
] as const) {
  for (const view of [["--stack"], ["--stack", "--tree"]]) {
    test(`list ${view.join(" ")} shows all that is applied, though it claims to need ${what}`, async () => {
      const host = new FakeHost();
      for (const [name, metadata] of Object.entries(claims)) {
        host.put(name, { kind: "applied" }, metadata);
      }
      const { stdout, exitCode } = await runXsplice(["list", ...view], { host });
      assert.equal(exitCode, 0);
      for (const name of Object.keys(claims)) assert.match(stdout, new RegExp(`\\? +${name} `));
      assert.match(stdout, /the order of application is not known\n/);
      assert.ok(stdout.includes(because), stdout);
    });
  }
}

test("list --stack tells what was applied before the last reboot, until it is applied again", async () => {
  const host = await hostWith(first, second);
  const before = decodeJournal(host.journal.text ?? "");
  assert.ok(before !== undefined);
  const rebooted = await hostWith();
  rebooted.journal.text = encodeJournal({ ...before, bootId: "an earlier boot" });
  for (const flags of [["--stack"], ["--stack", "--tree"]]) {
    const { stdout } = await runXsplice(["list", ...flags], { host: rebooted });
    assert.match(stdout, /\nbefore the last reboot, xSplice had applied: first, second\n/);
  }
  const { stdout } = await runXsplice(["list", "--stack", "--json"], { host: rebooted });
  assert.deepEqual(JSON.parse(stdout).lostInReboot, ["first", "second"]);
  await runXsplice(["load", first.path], { host: rebooted });
  const later = await runXsplice(["list", "--stack"], { host: rebooted });
  assert.doesNotMatch(later.stdout, /reboot/, "the journal is of this boot by now");
});
