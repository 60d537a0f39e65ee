// Payloads of --mode cumulative, which take the place of all others. A scenario of modes.test.ts. Not a test.

import assert from "node:assert/strict";
import { versions } from "../compile-bench.ts";
import { call } from "../host-under-test.ts";
import { act, type Scenarios, type Stage } from "./stage.ts";

export const cumulativeScenarios: Scenarios = {
  "--mode cumulative takes the place of all others, and gives it back": replaces,
};

async function replaces({ bench, make }: Stage): Promise<void> {
  const [, changeset] = await versions(bench);
  const first = await make("stack", { extra: ".a" }, []);
  const second = await make("stack", { extra: ".b", changeset: "b" }, [first]);
  const small = await make("cumulative", { extra: ".small" }, []);
  const large = await make("cumulative", { extra: ".large", changeset: "large" }, []);
  const all = Object.entries({ first, second, small, large });
  for (const [name, { bytes }] of all) await bench.host.upload(name, bytes, call);
  await act(bench, "apply", "first");
  await act(bench, "apply", "second");
  await act(bench, "replace", "large");
  assert.deepEqual(await versions(bench), [".large", "large"]);
  await act(bench, "replace", "small");
  assert.deepEqual(await versions(bench), [".small", changeset]);
  await act(bench, "replace", "large");
  await act(bench, "revert", "large");
  for (const [name] of all.toReversed()) await act(bench, "unload", name);
}
