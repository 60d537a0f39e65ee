// The fleet in ten thousand storms, and the simulation itself: that it happens the same way again, that everything
// happens in it that is said to, and that it finds what is broken on purpose. (What else was broken by hand, and how
// soon it was found, is in docs/architecture.md.)

import assert from "node:assert/strict";
import { test } from "node:test";
import { faultKinds } from "./faults.ts";
import { shrink } from "./shrink.ts";
import { type Sabotage, simulate } from "./simulate.ts";

const SEEDS = 10_000;

test("the fleet keeps its promises in every storm, and comes to its end", () => {
  const seen = new Map<string, number>();
  const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
  for (let seed = 0; seed < SEEDS; seed++) {
    const { faults, killedAt, ends } = playOrShrink(seed);
    for (const { kind } of faults) count(kind);
    for (const what of killedAt) count(`killed at ${what}`);
    for (const end of ends) count(end.replace(/^\w+ /, ""));
  }
  // A simulation in which one of them no longer happens shows less than it seems to.
  const rare = [...faultKinds, ...killed, ...endings].filter((what) => (seen.get(what) ?? 0) < 3);
  assert.deepEqual(rare, [], JSON.stringify([...seen]));
});

test("simulate() does the same for the same seed", () => {
  for (let seed = 0; seed < 10; seed++) {
    const one = simulate(seed, { wantsStory: true });
    assert.deepEqual(simulate(seed, { wantsStory: true }), one, `seed ${seed}`);
  }
});

for (const { what, found, sabotage } of sabotages()) {
  test(`the simulation finds ${what}`, () => {
    let failure: string | undefined;
    for (let seed = 0; seed < 1500 && failure === undefined; seed++) {
      try {
        simulate(seed, { sabotage });
      } catch (error) {
        failure = error instanceof Error ? error.message : String(error);
      }
    }
    assert.match(failure ?? "nothing", found);
  });
}

test("shrink() leaves of the faults only those that are needed", () => {
  const sabotage: Sabotage = {
    // As if a look at the host were enough to say that an order has ended.
    command: (command) => (command.kind === "work" ? undefined : command),
  };
  const failure = shrink(3, { sabotage });
  assert.match(failure?.message ?? "", /is lost|come to its end/);
  assert.deepEqual(failure?.faults, []);
});

/** At each kind of command. */
const killed = [
  ...["session", "claim", "order", "facts"].map((kind) => `killed at runner: put ${kind}`),
  ...["look", "work", "ack"].map((kind) => `killed at runner: ${kind}`),
  ...["session", "claim", "ledger", "order", "rollout"].map(
    (kind) => `killed at controller: put ${kind}`,
  ),
  ...["send", "check"].map((kind) => `killed at controller: ${kind}`),
];

const endings = [
  ...["done", "stopped", "aborted", "taken-back", "refused"],
  ...["untouched", "arrived", "back", "failed", "silent"],
];

function playOrShrink(seed: number): ReturnType<typeof simulate> {
  try {
    return simulate(seed);
  } catch (error) {
    const small = shrink(seed, {});
    const again = `again: npm run simulate:fleet -- --seed ${seed}`;
    const needed = `needed for it: ${JSON.stringify(small?.faults ?? [])}`;
    if (error instanceof Error)
      error.message = [error.message, `seed ${seed}`, needed, again].join("\n");
    throw error;
  }
}

function sabotages(): readonly {
  readonly what: string;
  readonly found: RegExp;
  readonly sabotage: Sabotage;
}[] {
  return [
    {
      what: "a store that writes without comparing revisions",
      found: /./,
      sabotage: {
        fleet: ({ store }) => {
          store.ignoresRevisions = true;
        },
      },
    },
    {
      what: "hosts that let in somebody with an old token",
      found: /replaced|order that is/,
      sabotage: {
        fleet: ({ hosts }) => {
          for (const host of hosts.values()) host.admitsOldTokens = true;
        },
      },
    },
    {
      what: "hosts that let in two at once",
      found: /two are at work/,
      sabotage: {
        fleet: ({ hosts }) => {
          for (const host of hosts.values()) host.admitsSeveral = true;
        },
      },
    },
    {
      what: "a plan whose limits for each pool are left out",
      found: /of pool=. are at work at once/,
      sabotage: { plan: ({ limits: { atOnce } }) => ({ limits: { atOnce, perLabel: {} } }) },
    },
    {
      what: "more hosts at once than may be",
      found: /are at work at once, and \d may be/,
      sabotage: { plan: ({ limits: { perLabel } }) => ({ limits: { atOnce: 9, perLabel } }) },
    },
    {
      what: "a soak that is cut short",
      found: /has not soaked/,
      sabotage: { plan: () => ({ soakMs: 0 }) },
    },
    {
      what: "a gate that lets failures pass",
      found: /the gate of wave \d of r\d is open, and h\d/,
      sabotage: { plan: () => ({ tolerated: 9 }) },
    },
    {
      what: "a gate that does not ask the user's check",
      found: /its check has not passed/,
      sabotage: { plan: () => ({ check: undefined }) },
    },
  ];
}
