// Payloads of --mode stack: on exactly what they were built on, a payload or several independent ones.
// Scenarios of modes.test.ts. Not a test.

import assert from "node:assert/strict";
import { versions } from "../compile-bench.ts";
import { call } from "../host-under-test.ts";
import { act, independent, refused, type Scenarios, type Stage } from "./stage.ts";

export const stackScenarios: Scenarios = {
  "--mode stack goes on exactly what it was built on, and back": stacks,
  "--mode stack on independent ones wants all of them, the lowest too": requiresAll,
};

async function stacks({ bench, make }: Stage): Promise<void> {
  const first = await make("stack", { extra: ".a" }, []);
  const second = await make("stack", { extra: ".b", changeset: "b" }, [first]);
  const third = await make("stack", { changeset: "c" }, [first, second]);
  const names = ["first", "second", "third"];
  for (const [index, { bytes }] of [first, second, third].entries()) {
    await bench.host.upload(names[index] ?? "", bytes, call);
  }
  const [, changeset] = await versions(bench);
  await refused(bench, "second");
  await refused(bench, "third");
  await act(bench, "apply", "first");
  assert.deepEqual(await versions(bench), [".a", changeset]);
  await refused(bench, "third");
  await act(bench, "apply", "second");
  assert.deepEqual(await versions(bench), [".b", "b"]);
  await act(bench, "apply", "third");
  assert.deepEqual(await versions(bench), [".b", "c"]);
  await refused(bench, "first", "revert");
  for (const name of names.toReversed()) await act(bench, "revert", name);
  for (const name of names.toReversed()) await act(bench, "unload", name);
}

async function requiresAll({ bench, make }: Stage): Promise<void> {
  const one = await make("independent", { extra: ".one" }, []);
  const other = await make("independent", { changeset: "other" }, []);
  const upper = await make("stack", { extra: ".upper" }, [one, other]);
  const stranger = await make("independent", { extra: ".stranger" }, []);
  const all = Object.entries({ one, other, stranger, upper });
  for (const [name, { bytes }] of all) await bench.host.upload(name, bytes, call);
  // A jump is where "one" would have put it, and "other" is on top: all but the marker is as expected.
  for (const name of ["stranger", "other"]) await act(bench, "apply", name, independent);
  await refused(bench, "upper");
  for (const name of ["other", "stranger"]) await act(bench, "revert", name);
  for (const name of ["one", "other"]) await act(bench, "apply", name, independent);
  await act(bench, "apply", "upper");
  assert.deepEqual(await versions(bench), [".upper", "other"]);
  for (const name of ["upper", "other", "one"]) await act(bench, "revert", name);
  for (const [name] of all.toReversed()) await act(bench, "unload", name);
}
