// What sync makes of payloads that overlap in part, of replaces that succeed and that fail half-way, and
// of steps that fail; played on real hypervisors (sync.test.ts) and on the model of each
// (sync-model.test.ts). Not a test.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError } from "../../src/host/errors.ts";
import type { LivepatchHost } from "../../src/host/host.ts";
import { MemoryJournal } from "../../src/hosts/journal/memory.ts";
import type { EmittedPayload } from "../../src/payload/emit/emit.ts";
import { parsePayload } from "../../src/payload/parse.ts";
import { factsOfPayload } from "../../src/plan/facts.ts";
import { type Journalled, JournalledHost } from "../../src/plan/journalled-host.ts";
import { observeHost } from "../../src/plan/observe.ts";
import { PlanError } from "../../src/plan/obstacle.ts";
import type { Wish } from "../../src/plan/wish.ts";
import type { XenSyms } from "../../src/running/xen-syms.ts";
import type { SyncReport } from "../../src/sync/report.ts";
import { syncHost } from "../../src/sync/sync.ts";
import type { SyncFile } from "../../src/sync/sync-file.ts";
import { idle, makeGuarded, type Wish as Recipe } from "./guard-payloads.ts";

export interface SyncBench {
  readonly host: LivepatchHost;
  /** Of the functions of `idle`. */
  hashText(): Promise<string>;
}

const call = { deadlineMs: 60_000 };
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

export function defineSyncScenarios(open: () => SyncBench, makePayloads: () => SyncPayloads): void {
  const scenario = (title: string, body: (play: Play) => Promise<void>) =>
    test(title, async () => {
      const bench = open();
      const untouched = await bench.hashText();
      const play = new Play(bench, makePayloads());
      await body(play);
      const { outcome } = await play.sync([]);
      assert.equal(outcome, "done");
      assert.deepEqual(await bench.host.list(call), []);
      assert.equal(await bench.hashText(), untouched, "the host's code is as it was");
    });
  scenario("syncHost() finds the right order, and refuses what has none", orders);
  scenario("syncHost() replaces with and without earlier payloads, and goes back", replaces);
  scenario("syncHost() takes one out of the middle and puts back those above", middle);
  scenario("syncHost() puts back what a replace with a wrong guard took away", wrongGuard);
  scenario("syncHost() undoes what was done before a step that fails, whichever it is", failures);
}

class Play {
  readonly payloads: SyncPayloads;
  readonly #host: LivepatchHost;

  constructor({ host }: SyncBench, payloads: SyncPayloads) {
    this.#host = host;
    this.payloads = payloads;
  }

  sync(payloads: readonly SyncFile[], failAt?: number): Promise<SyncReport> {
    return this.fulfil({ kind: "apply-exactly", payloads }, failAt);
  }

  /** @param failAt step that the host is made to refuse, from 1 on */
  fulfil(wish: Wish, failAt?: number): Promise<SyncReport> {
    const goal = { kind: "wish", wish, options: {} } as const;
    const files = Object.values(this.payloads);
    let isNext = false;
    const stubborn = refusing(this.#host, () => isNext);
    return syncHost(
      journalled(failAt === undefined ? this.#host : stubborn),
      { goal, files, hypervisor: undefined },
      {
        ...call,
        quiesceMs: 100,
        signal: undefined,
        onPlan: () => {},
        onStep: ({ phase, number, direction }) => {
          isNext = direction === "forward" && phase === "begins" && number === failAt;
        },
        pause: async () => {},
      },
    );
  }

  /** Names, from the bottom to the top. */
  async stack(): Promise<readonly string[]> {
    const { state } = await observeHost(this.#host, [], call);
    assert.equal(state.stack.kind, "known");
    return state.stack.names;
  }

  async loaded(): Promise<readonly string[]> {
    return (await this.#host.list(call)).map(({ name }) => name);
  }
}

/** Kept here: in an emulated dom0 each writing costs several processes. */
export function withOwnJournal(host: LivepatchHost): LivepatchHost {
  const journal = new MemoryJournal();
  return intercept(host, (key) => (key === "journal" ? journal : undefined));
}

/** Refuses as Xen does, before anything happens. */
function refusing(host: LivepatchHost, isNext: () => boolean): LivepatchHost {
  const refuse = (what: string): void => {
    if (!isNext()) return;
    const report = { code: "host/refused", problem: `Cannot ${what}: made to fail` } as const;
    throw new HostError(report, { errno: 22 });
  };
  return intercept(host, (key) => {
    if (key === "act") {
      return async (...args: Parameters<LivepatchHost["act"]>) => {
        refuse(args[0]);
        return host.act(...args);
      };
    }
    if (key !== "upload") return undefined;
    return async (...args: Parameters<LivepatchHost["upload"]>) => {
      refuse("upload");
      return host.upload(...args);
    };
  });
}

/** The host, but for the members that `find` has. */
function intercept(host: LivepatchHost, find: (key: string | symbol) => unknown): LivepatchHost {
  return new Proxy(host, {
    get(target, key) {
      const value: unknown = find(key) ?? Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function journalled(host: LivepatchHost): Journalled {
  return JournalledHost.around(host, {
    now: () => new Date(),
    factsOf: (bytes, name) => factsOfPayload(parsePayload(bytes, name)),
    onTrouble: (error) => {
      throw error;
    },
    onSetAside: (place) => assert.fail(place),
  });
}

async function orders(play: Play): Promise<void> {
  const { a, b, c, onA } = play.payloads;
  assert.equal((await play.sync([onA, c, a])).outcome, "done");
  const stack = await play.stack();
  assert.ok(stack.indexOf("a") < stack.indexOf("on-a"));
  const before = await play.loaded();
  const isNoWay = (code: string) => (error: unknown) =>
    error instanceof PlanError && error.obstacles.some((obstacle) => obstacle.code === code);
  // It changes what `onA` changes, and neither was made for the other.
  await assert.rejects(play.sync([a, b, onA]), isNoWay("plan/overlap"));
  await assert.rejects(play.sync([onA, c]), isNoWay("plan/missing-link"));
  assert.deepEqual(await play.stack(), stack);
  assert.deepEqual(await play.loaded(), before);
}

async function replaces(play: Play): Promise<void> {
  const { a, b, c, all } = play.payloads;
  assert.equal((await play.sync([all])).outcome, "done");
  assert.equal((await play.sync([c, b, a])).outcome, "done");
  const report = await play.sync([all]);
  assert.deepEqual(
    report.done.map(({ action }) => action),
    ["upload", "replace", "unload", "unload", "unload"],
  );
  assert.deepEqual(await play.stack(), ["all"]);
  assert.deepEqual(report.plan.missing, []);
}

async function middle(play: Play): Promise<void> {
  const { a, b, c } = play.payloads;
  await play.sync([a, b, c]);
  const { outcome, plan } = await play.fulfil({ kind: "revert", names: ["b"] });
  assert.equal(outcome, "done");
  assert.ok(plan.notices.some(({ kind, name }) => kind === "lifted" && name === "c"));
  assert.deepEqual(await play.stack(), ["a", "c"]);
}

async function wrongGuard(play: Play): Promise<void> {
  const { a, b, c, wrong } = play.payloads;
  await play.sync([a, b, c]);
  const report = await play.sync([wrong]);
  assert.equal(report.outcome, "returned");
  assert.match(
    report.failure?.problem ?? "",
    /reverted "a", "b", "c", which the host now runs WITHOUT/,
  );
  assert.deepEqual(
    report.wayBack.map(({ action, name }) => `${action} ${name}`),
    ["apply a", "apply b", "apply c", "unload wrong"],
  );
  assert.deepEqual(await play.stack(), ["a", "b", "c"]);
}

async function failures(play: Play): Promise<void> {
  const { a, b, c, all } = play.payloads;
  for (const wish of [[all], [a, b, c], [b]]) {
    await play.sync([]);
    await play.sync([a, b]);
    for (let step = 1; ; step++) {
      const { outcome, plan, failure } = await play.sync(wish, step);
      const where = `step ${step}, ${plan.steps[step - 1]?.action}`;
      const stack = await play.stack();
      if (outcome === "done") break;
      if (outcome === "returned") {
        assert.match(failure?.problem ?? "", /made to fail/, where);
        assert.deepEqual(stack, ["a", "b"], where);
        assert.deepEqual([...(await play.loaded())].sort(), ["a", "b"], where);
        continue;
      }
      // All is applied that should be, and no more; what could not be unloaded is loaded only.
      assert.equal(outcome, "astray", where);
      assert.equal(plan.steps[step - 1]?.action, "unload", where);
      assert.deepEqual(stack, plan.stack, where);
      break;
    }
    assert.equal((await play.sync(wish)).outcome, "done");
  }
}
