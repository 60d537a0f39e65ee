// The alert rules that come with xSplice, judged by Prometheus' own tool.

import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type DepotFacts, metricsOfDepot, metricsOfHost } from "../../src/metrics/mod.ts";
import { observeHost } from "../../src/plan/observe.ts";
import { first, hostWith, second } from "../cli-plan-host.ts";
import { promtool, whyNoPromtool } from "./promtool.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const rules = join(root, "share/prometheus/xsplice.rules.yml");
const cases = join(root, "test/prometheus/rules.test.yml");
const skip = whyNoPromtool();

test("promtool takes the alert rules", { skip }, () => {
  const { code, said } = promtool(["check", "rules", rules]);
  assert.equal(code, 0, said);
});

test("each alert is raised by what it is for, and none by a host on which all is well", {
  skip,
}, (t) => {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-rules-"));
  t.after(() => rmSync(folder, { recursive: true }));
  copyFileSync(rules, join(folder, "xsplice.rules.yml"));
  copyFileSync(cases, join(folder, "cases.yml"));
  const { code, said } = promtool(["test", "rules", join(folder, "cases.yml")]);
  assert.equal(code, 0, said);
});

test("each alert has a case, and asks only for metrics that there are", async () => {
  const text = readFileSync(rules, "utf8");
  const alerts = [...text.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const tested = [...readFileSync(cases, "utf8").matchAll(/^ {8}alertname: (\w+)$/gm)];
  assert.deepEqual(
    tested.map(([, name]) => name),
    alerts,
  );
  await using host = await hostWith(first, second);
  const view = await observeHost(host, [], { deadlineMs: 1000 });
  const depot: DepotFacts = {
    channel: "stable",
    signedAt: new Date(0),
    expiresAt: new Date(0),
    fixes: [],
    lastUpdate: { at: new Date(0), result: "done" },
  };
  const metrics = [
    ...metricsOfHost(view, { version: "1", at: new Date(0) }),
    ...metricsOfDepot(depot),
  ];
  const known = metrics.map(({ name }) => name);
  const asked = [...text.matchAll(/expr: (.*)/g)].flatMap(([, expression = ""]) => [
    ...expression.matchAll(/\bxsplice_\w+/g),
  ]);
  assert.ok(asked.length >= alerts.length);
  for (const [name] of asked) assert.ok(known.includes(name), name);
});
