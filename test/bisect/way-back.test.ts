// A bisection leaves the host as it found it: with payloads of others applied, whatever fails, after a kill or
// a signal; and it does not begin where it could not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bisectSeries } from "../../src/bisect/bisect.ts";
import { HostError } from "../../src/host/errors.ts";
import { makePayload } from "../plan-payloads.ts";
import {
  actOptions,
  begin,
  call,
  codeIs,
  effectsOf,
  fileOf,
  openBusyHost,
  openHost,
  options,
  plain,
  stateOf,
} from "./search-host.ts";

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
