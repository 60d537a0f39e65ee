import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActOptions } from "../../host/host.ts";
import type { SshConnection } from "./connection.ts";
import { xspliceLink } from "./xsplice-link.ts";

/** The words of the command that goes to the dom0. */
async function wordsFor(
  action: "unload" | "apply",
  dangling?: ActOptions["dangling"],
): Promise<readonly string[]> {
  let words: readonly string[] = [];
  const connection = {
    label: "ssh:dom0",
    run: async ({ args = [] }: { readonly args?: readonly string[] }) => {
      words = args;
      return { stdout: "{}", stderr: "" };
    },
  } as unknown as SshConnection;
  const link = xspliceLink(connection, { ring: undefined } as Parameters<typeof xspliceLink>[1]);
  const options = { deadlineMs: 9000, quiesceMs: 30, dependencyCheck: "whole-chain" } as const;
  // The answer is none: what was asked counts.
  await assert.rejects(
    link.act({ action, name: "fix" }, { ...options, ...(dangling && { dangling }) }),
  );
  return words.slice(words.indexOf(action));
}

test("xspliceLink() hands on the consent to unload what the hypervisor may still reach", async () => {
  assert.deepEqual(await wordsFor("unload", "allow"), ["unload", "--allow-dangling", "--", "fix"]);
});

test("xspliceLink() has the xSplice there ask for a consent that nobody gave", async () => {
  assert.deepEqual(await wordsFor("unload"), ["unload", "--", "fix"]);
  assert.deepEqual(await wordsFor("unload", "refuse"), ["unload", "--", "fix"]);
  assert.deepEqual(await wordsFor("apply", "allow"), ["apply", "--quiesce", "30", "--", "fix"]);
});
