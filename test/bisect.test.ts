// Bisection on the model of a small hypervisor, with payloads of the real emitter; test/lab/ does it on a
// real one, from source patches.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type BisectEffects, type BisectEvent, bisectSeries } from "../src/bisect/bisect.ts";
import { BISECT_NAME_PREFIX, type BisectFile } from "../src/bisect/move-host.ts";
import type { BuiltPrefix } from "../src/bisect/probe-prefix.ts";
import { type BisectRecord, decodeRecord, encodeRecord } from "../src/bisect/record.ts";
import { XspliceError } from "../src/error.ts";
import { HostError } from "../src/host/errors.ts";
import { ModelHost } from "../src/hosts/model.ts";
import { parsePayload } from "../src/payload/parse.ts";
import { factsOfPayload } from "../src/plan/facts.ts";
import { JournalledHost } from "../src/plan/journalled-host.ts";
import {
  FUNCTION_SIZE,
  functionNames,
  syntheticModel,
  TEXT_START,
  XEN_ID,
} from "../src/xen-model/synthetic.test.support.ts";
import { type Design, type MadePayload, makePayload } from "./plan-payloads.ts";

const call = { deadlineMs: 60_000 };
const options = { ...call, quiesceMs: 30, freshData: "refuse" } as const;
const actOptions = { ...call, quiesceMs: 30, dependencyCheck: "whole-chain" } as const;
const functions = ["alpha", "beta", "gamma", "delta"] as const;

const plain: Omit<Design, "name" | "functions" | "content"> = {
  mode: "cumulative",
  guard: "full",
  on: [],
  data: "none",
  hooks: [],
};

/** Of the first so many fixes: each changes one function more, and all bodies differ. */
function payloadOf(prefix: number, more: Partial<Design> = {}): Uint8Array {
  const changed = functions.slice(0, Math.min(prefix, functions.length));
  return makePayload({
    ...plain,
    name: `fixes-${prefix}`,
    functions: changed,
    content: prefix,
    ...more,
  }).bytes;
}

function subjectOf(count: number) {
  const fixes = Array.from({ length: count }, (_, index) => {
    return { name: `fix-${index + 1}.patch`, digest: `${index}`.padStart(64, "0") };
  });
  return { fixes, check: "health", xenBuildId: XEN_ID };
}

function openHost() {
  const inner = new ModelHost(syntheticModel());
  const { host } = JournalledHost.around(inner, {
    now: () => new Date(0),
    factsOf: (bytes, name) => factsOfPayload(parsePayload(bytes, name)),
    onTrouble: (error) => {
      throw error;
    },
    onSetAside: (place) => assert.fail(place),
  });
  return { inner, host };
}

type Opened = ReturnType<typeof openHost>;

interface Play {
  /** The first fix with which the check fails. */
  readonly fault: number;
  readonly build?: (prefix: number) => BuiltPrefix;
  readonly check?: (prefix: number) => number;
}

/** What was asked, in order, and what was kept. */
interface Told {
  readonly checked: number[];
  readonly events: BisectEvent[];
  readonly saved: BisectRecord[];
}

function effectsOf({ inner }: Opened, { fault, build, check }: Play): BisectEffects & Told {
  const told: Told = { checked: [], events: [], saved: [] };
  let clock = 0;
  return {
    ...told,
    build: async (prefix) => build?.(prefix) ?? { kind: "built", bytes: payloadOf(prefix) },
    check: async (prefix) => {
      told.checked.push(prefix);
      assert.deepEqual(namesOf(inner), prefix === 0 ? [] : [prefix], "only this prefix is applied");
      return { exitCode: check?.(prefix) ?? (prefix < fault ? 0 : 1), output: "no answer" };
    },
    save: async (record) => {
      told.saved.push(decodeRecord(encodeRecord(record), "the record"));
    },
    onEvent: (event) => told.events.push(event),
    now: () => clock++,
  };
}

/** Prefixes of which payloads are applied. */
function namesOf({ model }: ModelHost): readonly (number | string)[] {
  return model.applied.map((name) => {
    const [, prefix] = new RegExp(`^${BISECT_NAME_PREFIX}(\\d+)-`).exec(name) ?? [];
    return prefix === undefined ? name : Number(prefix);
  });
}

/** What is loaded, in which states, and the hypervisor's code. */
function stateOf({ inner }: Opened): readonly unknown[] {
  const sizeBytes = functionNames.length * FUNCTION_SIZE;
  return [inner.model.list(), inner.model.applied, inner.model.read(TEXT_START, sizeBytes)];
}

const lower = makePayload({ ...plain, name: "lower", functions: ["alpha"], content: 101 });
const upper = makePayload({
  ...plain,
  name: "upper",
  functions: ["alpha", "gamma"],
  content: 102,
  mode: "stack",
  on: [lower],
});
const spare = makePayload({ ...plain, name: "spare", functions: ["delta"], content: 103 });

/** Two payloads on each other, and one that is only loaded. */
async function openBusyHost(): Promise<Opened> {
  const opened = openHost();
  for (const { name, bytes } of [spare, lower, upper]) await opened.host.upload(name, bytes, call);
  for (const { name } of [lower, upper]) await opened.host.act("apply", name, actOptions);
  return opened;
}

function fileOf({ name, source, facts, bytes }: MadePayload): BisectFile {
  return { name, source, facts, bytes, payload: parsePayload(bytes, source) };
}

const begin = { subject: subjectOf(7), record: undefined, files: [] };
const codeIs = (code: string) => (error: unknown) =>
  error instanceof XspliceError && error.report.code === code;

test("bisectSeries() finds the fix, checks each prefix once, and leaves no payload behind", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.nat(), async (count, seed) => {
      const fault = (seed % count) + 1;
      const opened = openHost();
      const effects = effectsOf(opened, { fault });
      const request = { subject: subjectOf(count), record: undefined, files: [] };
      const { conclusion, record } = await bisectSeries(opened.host, request, effects, options);
      assert.deepEqual(conclusion, { kind: "found", fix: fault });
      assert.deepEqual(
        record.probes.map(({ prefix }) => prefix),
        effects.checked,
      );
      assert.equal(new Set(effects.checked).size, effects.checked.length);
      assert.deepEqual(effects.saved.at(-1), record);
      assert.deepEqual(await opened.inner.list(), []);
    }),
    { numRuns: 30 },
  );
});

test("bisectSeries() leaves payloads applied, in their order, as it found them", async () => {
  const opened = await openBusyHost();
  const before = stateOf(opened);
  const { conclusion } = await bisectSeries(
    opened.host,
    begin,
    effectsOf(opened, { fault: 5 }),
    options,
  );
  assert.deepEqual(conclusion, { kind: "found", fix: 5 });
  assert.deepEqual(stateOf(opened), before);
});

test("bisectSeries() leaves the host as it found it, whatever fails, and goes on from the record", async () => {
  for (let failing = 1; failing <= 5; failing++) {
    for (const place of ["build", "check"] as const) {
      const opened = await openBusyHost();
      const before = stateOf(opened);
      const effects = effectsOf(opened, { fault: 3 });
      let count = 0;
      const failAt = (call: (prefix: number) => Promise<never>) => (prefix: number) => {
        if (++count === failing) throw new Error("stopped by the test");
        return call(prefix);
      };
      const broken = { ...effects, [place]: failAt(effects[place] as never) };
      const run = bisectSeries(opened.host, begin, broken, options);
      if (count < failing) await run.catch(() => undefined);
      await assert.rejects(run, /stopped by the test/, `${place} ${failing}`).catch((error) => {
        // The last of them is not reached: prefix 0 needs no build.
        if (count >= failing) throw error;
      });
      assert.deepEqual(stateOf(opened), before, `${place} ${failing}`);
      const again = effectsOf(opened, { fault: 3 });
      const record = effects.saved.at(-1);
      const { conclusion } = await bisectSeries(opened.host, { ...begin, record }, again, options);
      assert.deepEqual(conclusion, { kind: "found", fix: 3 });
      const judged = record?.probes.length ?? 0;
      assert.equal(again.saved.at(-1)?.probes.length, again.checked.length + judged);
      assert.deepEqual(stateOf(opened), before);
    }
  }
});

test("bisectSeries() goes on after a kill at any call to the host, and puts all back", async () => {
  let calls = 0;
  for (let deathAt = 1; ; deathAt++) {
    const opened = await openBusyHost();
    const before = stateOf(opened);
    calls = 0;
    // Every method: nothing is asked, and nothing is put back, after the kill.
    const dying = new Proxy(opened.host, {
      get(host, key) {
        const value: unknown = Reflect.get(host, key);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if (++calls >= deathAt) throw new HostError({ code: "host/timeout", problem: "killed" });
          return Reflect.apply(value, host, args);
        };
      },
    });
    const effects = effectsOf(opened, { fault: 6 });
    await bisectSeries(dying, begin, effects, options).catch(() => undefined);
    if (calls < deathAt) break;
    const record = effects.saved.at(-1);
    const again = effectsOf(opened, { fault: 6 });
    const { conclusion } = await bisectSeries(opened.host, { ...begin, record }, again, options);
    assert.deepEqual(conclusion, { kind: "found", fix: 6 }, `killed at call ${deathAt}`);
    assert.deepEqual(stateOf(opened), before, `killed at call ${deathAt}`);
  }
  assert.ok(calls > 40, `only ${calls} calls were tried`);
});

test("bisectSeries() goes around prefixes that cannot be built alone, and says what it could not tell", async () => {
  const opened = openHost();
  const build = (prefix: number): BuiltPrefix =>
    prefix === 3 || prefix === 4
      ? { kind: "refused", words: "half a fix" }
      : { kind: "built", bytes: payloadOf(prefix) };
  const effects = effectsOf(opened, { fault: 4, build });
  const { conclusion, record } = await bisectSeries(opened.host, begin, effects, options);
  assert.deepEqual(conclusion, { kind: "narrowed", first: 3, last: 5 });
  const silent = record.probes.filter(({ verdict }) => verdict === "cannot-tell");
  assert.deepEqual(silent.map(({ prefix }) => prefix).sort(), [3, 4]);
  assert.ok(silent.every(({ words, buildId }) => words === "half a fix" && buildId === undefined));
});

test("bisectSeries() takes fixes that change nothing for no payload at all", async () => {
  const opened = openHost();
  const effects = effectsOf(opened, { fault: 2, build: () => ({ kind: "unchanged" }) });
  const check = async () => ({ exitCode: 0, output: "" });
  const { conclusion } = await bisectSeries(opened.host, begin, { ...effects, check }, options);
  assert.deepEqual(conclusion, { kind: "never-fails" });
});

test("bisectSeries() believes a check that cannot tell, and none that was killed or could not be run", async () => {
  const opened = await openBusyHost();
  const before = stateOf(opened);
  const silent = effectsOf(opened, { fault: 1, check: () => 125 });
  const { conclusion, record } = await bisectSeries(opened.host, begin, silent, options);
  assert.deepEqual(conclusion, { kind: "undecided", prefix: 7 });
  assert.match(record.probes[0]?.words ?? "", /125/);
  for (const exitCode of [undefined, 126, 127, 130, 137]) {
    const effects = effectsOf(opened, { fault: 1 });
    const check = async () => ({ exitCode, output: "" });
    const run = bisectSeries(opened.host, begin, { ...effects, check }, options);
    await assert.rejects(run, codeIs("bisect/check-broken"));
  }
  assert.deepEqual(stateOf(opened), before);
});

test("bisectSeries() cannot tell of a payload that the host's code is not for, and does not try it", async () => {
  const opened = await openBusyHost();
  const before = stateOf(opened);
  // The entry of "beta" is nobody's, so a probe sees it.
  const foreign = { functions: ["beta"], expects: "another-entry" } as const;
  const build = (prefix: number): BuiltPrefix => {
    return { kind: "built", bytes: payloadOf(prefix, foreign) };
  };
  const effects = effectsOf(opened, { fault: 1, build });
  const { conclusion, record } = await bisectSeries(opened.host, begin, effects, options);
  assert.deepEqual(conclusion, { kind: "undecided", prefix: 7 });
  assert.match(record.probes[0]?.words ?? "", /the hypervisor's code is not what it expects/);
  assert.deepEqual(effects.checked, []);
  assert.deepEqual(stateOf(opened), before);
});

test("bisectSeries() stops at a signal during the check, with the host as it was", async () => {
  const opened = await openBusyHost();
  const before = stateOf(opened);
  const controller = new AbortController();
  const effects = effectsOf(opened, { fault: 1 });
  const check = async () => {
    controller.abort(new Error("^C"));
    return { exitCode: undefined, output: "" };
  };
  const withSignal = { ...options, signal: controller.signal };
  const run = bisectSeries(opened.host, begin, { ...effects, check }, withSignal);
  await assert.rejects(run, /\^C/);
  assert.deepEqual(stateOf(opened), before);
  assert.equal(effects.saved.at(-1)?.probes.length, 0);
});

test("bisectSeries() does not begin where it could not put back what a payload's variables hold", async () => {
  const opened = openHost();
  const stateful = makePayload({
    ...plain,
    name: "stateful",
    functions: ["alpha"],
    content: 104,
    data: "writable",
  });
  await opened.host.upload("on-host", stateful.bytes, call);
  await opened.host.act("apply", "on-host", actOptions);
  const before = stateOf(opened);
  const files = [fileOf(stateful)];
  for (const request of [begin, { ...begin, files }]) {
    const effects = effectsOf(opened, { fault: 2 });
    const run = bisectSeries(opened.host, request, effects, options);
    await assert.rejects(run, codeIs("bisect/no-way-back"));
    assert.deepEqual(effects.saved, []);
    assert.deepEqual(stateOf(opened), before);
  }
  const effects = effectsOf(opened, { fault: 2 });
  const freshData = { ...options, freshData: "allow" } as const;
  const { conclusion } = await bisectSeries(opened.host, { ...begin, files }, effects, freshData);
  assert.deepEqual(conclusion, { kind: "found", fix: 2 });
  assert.deepEqual(opened.inner.model.applied, ["on-host"]);
});

test("decodeRecord() gives back what encodeRecord() wrote, and refuses what no search has made", async () => {
  const opened = openHost();
  const effects = effectsOf(opened, { fault: 4 });
  const { record } = await bisectSeries(opened.host, begin, effects, options);
  const text = encodeRecord(record);
  assert.deepEqual(decodeRecord(text, "x"), record);
  const bad = [
    "",
    "[]",
    text.replace('"version": 1', '"version": 2'),
    text.replace('"prefix": 7', '"prefix": 6'),
    text.replace('"verdict": "bad"', '"verdict": "worse"'),
    JSON.stringify({ ...record, subject: { ...record.subject, fixes: [] } }),
    JSON.stringify({ ...record, probes: [...record.probes, record.probes[0]] }),
  ];
  for (const damaged of bad) {
    assert.throws(() => decodeRecord(damaged, "x"), codeIs("bisect/bad-record"), damaged);
  }
  fc.assert(
    fc.property(fc.nat(text.length), fc.nat(text.length), (from, to) => {
      const cut = text.slice(0, from) + text.slice(Math.max(from, to));
      try {
        decodeRecord(cut, "x");
      } catch (error) {
        assert.ok(codeIs("bisect/bad-record")(error), String(error));
      }
    }),
  );
});

test("bisectSeries() goes on with the same search only, and after a reboot from the host as it is", async () => {
  const opened = openHost();
  const effects = effectsOf(opened, { fault: 4 });
  const { record } = await bisectSeries(opened.host, begin, effects, options);
  const others = [subjectOf(8), { ...begin.subject, check: "other" }];
  for (const subject of others) {
    const run = bisectSeries(opened.host, { ...begin, subject, record }, effects, options);
    await assert.rejects(run, codeIs("bisect/other-record"));
  }
  const rebooted = await openBusyHost();
  const before = stateOf(rebooted);
  const known = { ...record, probes: record.probes.slice(0, 3) };
  const again = effectsOf(rebooted, { fault: 4 });
  const result = await bisectSeries(rebooted.host, { ...begin, record: known }, again, options);
  assert.deepEqual(result.conclusion, { kind: "found", fix: 4 });
  assert.equal(again.checked.length, record.probes.length - 3);
  assert.deepEqual(stateOf(rebooted), before);
});
