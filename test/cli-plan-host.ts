// Payloads in files, and hosts onto which the command line has loaded some of them, for tests of `plan`,
// `list --stack` and the journal: two on each other, one beside them, one in the place of all, one with data.
// Not a test.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { ModelHost } from "../src/hosts/model.ts";
import { syntheticModel } from "../src/xen-model/synthetic.test.support.ts";
import { payloadFiles } from "./plan-payloads.ts";
import { runXsplice } from "./run-cli.ts";

export const folder = mkdtempSync(join(tmpdir(), "xsplice-plan-"));
after(() => rmSync(folder, { recursive: true, force: true }));

export const make = payloadFiles(folder, 1000);

export const first = make("first", { functions: ["alpha", "beta"] });
export const second = make("second", { functions: ["beta", "gamma"], on: [first] });
export const third = make("third", { mode: "independent", functions: ["delta"] });
export const all = make("all", { mode: "cumulative", functions: ["alpha", "beta", "gamma"] });
export const keeper = make("keeper", { functions: ["marked"], on: [first], data: "writable" });

/** With payloads applied through the command line, as users do it. */
export async function hostWith(...payloads: readonly (typeof first)[]): Promise<ModelHost> {
  const host = new ModelHost(syntheticModel());
  for (const { path, design } of payloads) {
    const flags = design.mode === "independent" ? ["--nodeps"] : [];
    const run = await runXsplice(["load", ...flags, path], { host });
    assert.equal(run.exitCode, 0, run.stderr);
  }
  return host;
}
