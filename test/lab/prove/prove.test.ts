// A hole of Debian's own Xen 4.17, shown, closed by a payload built from source, and shown again; and what
// must not be called closed.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type CliRun, runXsplice } from "../../run-cli.ts";
import { whyNoCorpusSource } from "../build-corpus-source.ts";
import { writeFixPayload } from "./fix-payload.ts";

describe("xsplice prove on Debian's Xen 4.17", { skip: await whyNoCorpusSource() }, () => {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-prove-"));
  const right = join(folder, "right.livepatch");
  const wrong = join(folder, "wrong.livepatch");
  after(() => rmSync(folder, { recursive: true }));

  before(async () => {
    await writeFixPayload("XSA-504", right);
    await writeFixPayload("XSA-506", wrong);
  });

  const prove = (...args: readonly string[]): Promise<CliRun> =>
    runXsplice(["prove", "--json", ...args]);

  test("a payload with the fix is proved to close the hole, with the evidence beside it", async () => {
    const { exitCode, stdout, stderr } = await prove("--trigger", "XSA-504", "--payload", right);
    assert.equal(exitCode, 0, stderr + stdout);
    const document = JSON.parse(stdout);
    assert.equal(document.verdict, "closed");
    assert.deepEqual(
      document.runs.map(({ run, saw }: { run: string; saw: string }) => [run, saw]),
      [
        ["unpatched", "hole"],
        ["patched", "no-hole"],
        ["reverted", "hole"],
      ],
    );
    assert.match(document.runs[0].console.join("\n"), /start_stimer[\s\S]+FATAL TRAP/);
    assert.ok(document.runs[1].health.isWell);
    const kept = JSON.parse(readFileSync(join(folder, "right.proof.json"), "utf8"));
    const { proof: _place, ...printed } = document;
    assert.deepEqual(kept, printed);
  });

  test("a payload that does something else is told not to close it", async () => {
    const { exitCode, stdout } = await prove("--trigger", "XSA-504", "--payload", wrong);
    assert.equal(exitCode, 2);
    const document = JSON.parse(stdout);
    assert.equal(document.verdict, "not-closed");
    assert.deepEqual(
      document.runs.map(({ saw }: { saw: string }) => saw),
      ["hole", "hole"],
    );
  });

  test("a hole that this hypervisor does not have is not shown, however right the payload", async () => {
    const { exitCode, stdout } = await prove("--trigger", "XSA-462", "--payload", right);
    assert.equal(exitCode, 3);
    assert.match(JSON.parse(stdout).because, /does not have the hole/);
  });

  test("a place where no evidence can lie is told before anything is attacked", async () => {
    const wrong = [
      [join(folder, "none", "proof.json"), /there is no directory/],
      [folder, /it is a directory/],
      [right, /it would overwrite/],
    ] as const;
    for (const [place, says] of wrong) {
      const argv = ["--trigger", "XSA-504", "--payload", right, "--proof", place];
      const { exitCode, stdout, stderr } = await prove(...argv);
      assert.equal(exitCode, 64, stdout);
      assert.match(stdout, says);
      assert.doesNotMatch(stderr, /attacking/);
    }
  });

  test("nothing is attacked for another host, an unknown trigger, or a payload of another hypervisor", async () => {
    const host = await prove("--host", "ssh:root@host", "--trigger", "XSA-504", "--payload", right);
    assert.equal(host.exitCode, 64);
    assert.match(host.stdout, /take a hypervisor down/);
    const unknown = await prove("--trigger", "XSA-1", "--payload", right);
    assert.match(unknown.stdout, /XSA-504/);
    assert.equal(unknown.exitCode, 1);
    const other = await prove("--trigger", "XSA-504", "--payload", right, "--xen", "4.20");
    assert.match(other.stdout, /another hypervisor/);
    assert.equal(other.exitCode, 1);
  });
});
