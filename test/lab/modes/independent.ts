// Payloads of --mode independent: in any order, on top of one that they name, and never two on one function.
// Scenarios of modes.test.ts. Not a test.

import assert from "node:assert/strict";
import { HostError } from "../../../src/host/errors.ts";
import { versions } from "../compile-bench.ts";
import { call } from "../host-under-test.ts";
import { act, independent, refused, type Scenarios, type Stage } from "./stage.ts";

export const independentScenarios: Scenarios = {
  "--mode independent goes in any order, unless payloads overlap": goesAnywhere,
  "--mode independent --on goes on top of that payload, and nowhere else": requires,
  "--mode independent --on shares a function of the lower one with nobody": coversOnce,
};

async function goesAnywhere({ bench, make }: Stage): Promise<void> {
  const one = await make("independent", { extra: ".one" }, []);
  const other = await make("independent", { changeset: "other" }, []);
  const both = await make("independent", { extra: ".both", changeset: "both" }, []);
  const all = Object.entries({ one, other, both });
  for (const [name, { bytes }] of all) await bench.host.upload(name, bytes, call);
  for (const order of [
    ["one", "other"],
    ["other", "one"],
  ] as const) {
    for (const name of order) await act(bench, "apply", name, independent);
    assert.deepEqual(await versions(bench), [".one", "other"]);
    await refused(bench, "both", "apply", independent);
    await act(bench, "revert", order[1]);
    await refused(bench, "both", "apply", independent);
    await act(bench, "revert", order[0]);
  }
  await act(bench, "apply", "both", independent);
  assert.deepEqual(await versions(bench), [".both", "both"]);
  await refused(bench, "one", "apply", independent);
  await refused(bench, "other", "apply", independent);
  await act(bench, "revert", "both");
  for (const [name] of all) await act(bench, "unload", name);
}

async function requires({ bench, make }: Stage): Promise<void> {
  const one = await make("independent", { extra: ".one" }, []);
  const other = await make("independent", { changeset: "other" }, []);
  const onTop = await make("independent", { extra: ".two" }, [one]);
  await assert.rejects(bench.host.upload("top", onTop.bytes, call), HostError);
  await bench.host.upload("one", one.bytes, call);
  await bench.host.upload("other", other.bytes, call);
  await bench.host.upload("top", onTop.bytes, call);
  await refused(bench, "top", "apply", independent);
  await act(bench, "apply", "one", independent);
  await act(bench, "apply", "other", independent);
  await act(bench, "apply", "top", independent);
  assert.deepEqual(await versions(bench), [".two", "other"]);
  for (const name of ["top", "other", "one"]) await act(bench, "revert", name);
  await refused(bench, "top", "apply", independent);
  for (const name of ["top", "other", "one"]) await act(bench, "unload", name);
}

/** At the entry both see a jump, and Xen could not tell whose it is. */
async function coversOnce({ bench, make }: Stage): Promise<void> {
  const base = await make("independent", { extra: ".base" }, []);
  const one = await make("independent", { extra: ".one" }, [base]);
  const other = await make("independent", { extra: ".other" }, [base]);
  const beside = await make("independent", { changeset: "beside" }, [base]);
  const upper = await make("independent", { extra: ".upper" }, [base, one]);
  const all = Object.entries({ base, one, other, beside, upper });
  for (const [name, { bytes }] of all) await bench.host.upload(name, bytes, call);
  for (const name of ["base", "beside", "one"]) await act(bench, "apply", name, independent);
  assert.deepEqual(await versions(bench), [".one", "beside"]);
  await assert.rejects(
    bench.host.act("apply", "other", independent),
    (error) =>
      error instanceof HostError &&
      error.errno === 22 &&
      error.unexpectedCode?.expected === "cc" &&
      error.unexpectedCode.actual === "90",
  );
  await refused(bench, "other", "apply", independent);
  await act(bench, "apply", "upper", independent);
  assert.deepEqual(await versions(bench), [".upper", "beside"]);
  await refused(bench, "other", "apply", independent);
  for (const name of ["upper", "one"]) await act(bench, "revert", name);
  await act(bench, "apply", "other", independent);
  assert.deepEqual(await versions(bench), [".other", "beside"]);
  for (const name of ["one", "upper"]) await refused(bench, name, "apply", independent);
  for (const name of ["other", "beside", "base"]) await act(bench, "revert", name);
  for (const [name] of all.toReversed()) await act(bench, "unload", name);
}
