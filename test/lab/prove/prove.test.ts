// A hole of Debian's own Xen 4.17, shown, closed by a payload built from source, and shown again; and what
// must not be called closed.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { shareFile } from "../../../src/lab/share-file.ts";
import { type CliRun, runXsplice } from "../../run-cli.ts";
import { fetchCorpusSource, whyNoCorpusSource } from "../build-corpus-source.ts";
import { buildCorpusFix } from "../corpus-fix.ts";
import { requireNothingLeft } from "../killed-command.ts";

const main = fileURLToPath(new URL("../../../src/cli/main.js", import.meta.url));

describe("xsplice prove on Debian's Xen 4.17", { skip: await whyNoCorpusSource() }, () => {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-prove-"));
  const right = join(folder, "right.livepatch");
  const wrong = join(folder, "wrong.livepatch");
  after(() => rmSync(folder, { recursive: true }));

  const build = async (trigger: string, path: string): Promise<void> => {
    const name = shareFile(`triggers/${trigger}/fix.patch`);
    const patches = [{ name, bytes: readFileSync(name) }];
    const { payload } = await buildCorpusFix(await fetchCorpusSource(), { patches });
    assert.ok(payload, `the fix of ${trigger} was not built`);
    writeFileSync(path, payload.bytes);
  };
  before(async () => {
    await build("XSA-504", right);
    await build("XSA-506", wrong);
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

  /** A guest with this body, and the description of XSA-504. */
  const own = (body: string): string => {
    const text = JSON.parse(readFileSync(shareFile("triggers/XSA-504/trigger.json"), "utf8"));
    const place = mkdtempSync(join(folder, "own-"));
    writeFileSync(join(place, "trigger.json"), JSON.stringify(text));
    writeFileSync(join(place, "trigger.c"), `#include "guest.h"\nint main(void) { ${body} }\n`);
    return join(place, "trigger.json");
  };

  test("a trigger that only says that it is done, fails, or does not compile, proves nothing", async () => {
    const early = await prove("--trigger", own("return 0;"), "--payload", right);
    assert.equal(early.exitCode, 3);
    const failed = await prove("--trigger", own("return 1;"), "--payload", right);
    assert.equal(failed.exitCode, 3);
    assert.match(JSON.parse(failed.stdout).because, /the trigger failed/);
    const broken = await prove("--trigger", own("return 0"), "--payload", right);
    assert.equal(broken.exitCode, 1);
    assert.match(broken.stdout, /guest\/compile-failed/);
  });

  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    test(`nothing is left when ${signal} meets it in the middle of an attack`, async () => {
      await requireNothingLeft(
        signal,
        [main, "prove", "--trigger", "XSA-504", "--payload", right],
        folder,
      );
    });
  }
});
