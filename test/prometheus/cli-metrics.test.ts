// `xsplice metrics`: what Prometheus is told of a host, and of one that does not answer.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { HostError } from "../../src/host/errors.ts";
import { metricsOfDepot, renderMetrics } from "../../src/metrics/mod.ts";
import { decodeJournal, encodeJournal } from "../../src/plan/journal-json.ts";
import { first, folder, hostWith, keeper, second, third } from "../cli-plan-host.ts";
import { FakeHost } from "../fake-host.ts";
import { runXsplice } from "../run-cli.ts";
import { promtool, whyNoPromtool } from "./promtool.ts";

const skip = whyNoPromtool();

function assertAccepted(text: string): void {
  if (skip !== false) return;
  const { code, said } = promtool(["check", "metrics"], text);
  assert.equal(said, "");
  assert.equal(code, 0);
}

/** The lines of a metric, without its name. */
function samples(text: string, name: string): readonly string[] {
  const lines = text.split("\n").filter((line) => line.match(/^\w+/)?.[0] === name);
  return lines.map((line) => line.slice(name.length).trimStart());
}

test("promtool accepts what metrics prints of a host with payloads", { skip }, async () => {
  const host = await hostWith(first, second, third);
  await runXsplice(["upload", "spare", keeper.path], { host });
  const { stdout } = await runXsplice(["metrics"], { host });
  assertAccepted(stdout);
  assert.notEqual(promtool(["check", "metrics"], `${stdout}broken{`).code, 0);
});

test("metrics tells each payload's state, the stack and its age", async () => {
  const before = Date.now() / 1000;
  const host = await hostWith(first, second, third);
  await runXsplice(["upload", "spare", keeper.path], { host });
  const { stdout, exitCode } = await runXsplice(["metrics"], { host });
  assert.equal(exitCode, 0);
  assert.deepEqual(samples(stdout, "xsplice_up"), ["1"]);
  assert.deepEqual(samples(stdout, "xsplice_payloads"), [
    '{state="checked"} 1',
    '{state="applied"} 3',
    '{state="busy"} 0',
    '{state="failed"} 0',
  ]);
  assert.deepEqual(samples(stdout, "xsplice_stack_position"), [
    '{name="first"} 1',
    '{name="second"} 2',
    '{name="third"} 3',
  ]);
  assert.ok(
    samples(stdout, "xsplice_payload_info").includes(
      `{name="third",build_id="${third.buildId}",mode="independent",guard="full"} 1`,
    ),
  );
  assert.deepEqual(samples(stdout, "xsplice_payload_functions")[0], '{name="first"} 2');
  // The second was built on the first, and has its fix of `beta`.
  assert.deepEqual(samples(stdout, "xsplice_payload_functions_lost")[0], '{name="first"} 0');
  const ages = samples(stdout, "xsplice_payload_applied_timestamp_seconds");
  assert.equal(ages.length, 3);
  for (const line of ages) {
    const at = Number(line.split(" ").at(-1));
    assert.ok(at >= before - 1 && at <= Date.now() / 1000 + 1, line);
  }
});

test("metrics shows what a reboot took, from the journal of the boot before", async () => {
  const host = await hostWith(first, second);
  const journal = decodeJournal(host.journal.text ?? "");
  assert.ok(journal);
  const fresh = await hostWith();
  fresh.journal.text = encodeJournal({ ...journal, bootId: "another" });
  const { stdout } = await runXsplice(["metrics"], { host: fresh });
  assert.deepEqual(samples(stdout, "xsplice_payloads_lost_in_reboot"), ["2"]);
  assert.ok(samples(stdout, "xsplice_journal_state").includes('{state="other-boot"} 1'));
  assert.deepEqual(samples(stdout, "xsplice_payload_applied_timestamp_seconds"), []);
  assertAccepted(stdout);
});

test("metrics says of a journal with a strange time nothing about age", async () => {
  const host = await hostWith(first);
  const journal = decodeJournal(host.journal.text ?? "");
  assert.ok(journal);
  const log = journal.log.map((entry) => ({ ...entry, at: "last tuesday" }));
  host.journal.text = encodeJournal({ ...journal, log });
  const { stdout } = await runXsplice(["metrics"], { host });
  assert.deepEqual(samples(stdout, "xsplice_last_action_timestamp_seconds"), []);
  assertAccepted(stdout);
});

test("metrics tells a failed payload's error number, whatever its name", async () => {
  const host = new FakeHost();
  const name = 'odd"\\\n{}=,é\ud800';
  host.put(name, { kind: "failed", settled: "checked", errno: 16 });
  const { stdout } = await runXsplice(["metrics"], { host });
  const label = '{name="odd\\"\\\\\\n{}=,é\ufffd"}';
  assert.deepEqual(samples(stdout, "xsplice_payload_last_error"), [`${label} 16`]);
  assertAccepted(stdout);
});

test("metrics of a host that does not answer are that it does not, and the command fails", async () => {
  const host = new FakeHost();
  const unreachable = { code: "host/unreachable", problem: "Cannot reach it" } as const;
  host.failures.set("list", new HostError(unreachable));
  const output = join(folder, "silent.prom");
  for (const place of [[], ["--output", output]]) {
    const run = await runXsplice(["metrics", ...place], { host });
    assert.equal(run.exitCode, 1);
    assert.match(run.stderr, /Cannot reach it/);
    const text = place.length > 0 ? readFileSync(output, "utf8") : run.stdout;
    assert.deepEqual(samples(text, "xsplice_up"), ["0"]);
    assert.deepEqual(samples(text, "xsplice_payloads"), []);
    assertAccepted(text);
  }
  const json = await runXsplice(["metrics", "--json"], { host });
  assert.equal(JSON.parse(json.stdout).error.code, "host/unreachable");
});

test("metrics --output replaces the file as a whole, and leaves nothing beside it", async () => {
  const host = await hostWith(first);
  const output = join(folder, "xsplice.prom");
  writeFileSync(output, "old");
  const run = await runXsplice(["metrics", "--output", output], { host });
  assert.deepEqual([run.exitCode, run.stdout], [0, ""]);
  assert.deepEqual(samples(readFileSync(output, "utf8"), "xsplice_up"), ["1"]);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes("xsplice.prom")),
    ["xsplice.prom"],
  );
  const nowhere = await runXsplice(["metrics", "--output", join(folder, "no/x.prom")], { host });
  assert.equal(nowhere.exitCode, 1);
  assert.match(nowhere.stderr, /no\/x\.prom/);
});

test("metrics --json has the same numbers", async () => {
  const host = await hostWith(first);
  const { metrics } = JSON.parse((await runXsplice(["metrics", "--json"], { host })).stdout);
  const up = metrics.find(({ name }: { name: string }) => name === "xsplice_up");
  assert.deepEqual(up.samples, [{ labels: {}, value: 1 }]);
});

test("metricsOfDepot() tells where a host stands with each fix, and how fresh the word is", () => {
  const text = renderMetrics(
    metricsOfDepot({
      channel: "stable",
      signedAt: undefined,
      expiresAt: new Date(86_400_000),
      fixes: [{ advisory: "XSA-494", state: "needs-reboot" }],
      lastUpdate: undefined,
    }),
  );
  assert.deepEqual(samples(text, "xsplice_fix_state"), [
    '{advisory="XSA-494",state="in-force"} 0',
    '{advisory="XSA-494",state="missing"} 0',
    '{advisory="XSA-494",state="needs-reboot"} 1',
  ]);
  assert.deepEqual(samples(text, "xsplice_depot_expiry_timestamp_seconds"), [
    '{channel="stable"} 86400',
  ]);
  assertAccepted(text);
});
