// `xsplice bisect` before it comes to a host, and its words; test/lab/bisect.test.ts runs all of it.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type BisectRecord, encodeRecord } from "../src/bisect/record.ts";
import { renderBisection, renderEvent } from "../src/cli/text/bisect.ts";
import { FakeHost } from "./fake-host.ts";
import { runXsplice } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-cli-bisect-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const fixes = ["a.patch", "b.patch", "c.patch"].map((name) => ({ name, digest: "0".repeat(64) }));
const probed = { words: "", exitCode: 0, buildId: "ab".repeat(20), elapsedMs: 1234 };
const record: BisectRecord = {
  version: 1,
  subject: { fixes, check: "healthy", xenBuildId: "11".repeat(20) },
  origin: { bootId: "boot", stack: ["mine"] },
  probes: [
    { ...probed, prefix: 3, verdict: "bad", exitCode: 9, words: "first line\nno answer" },
    { ...probed, prefix: 0, verdict: "good" },
    { ...probed, prefix: 1, verdict: "cannot-tell", words: "it cannot be built: half a fix" },
  ],
};

/** All that a bisection needs, and nothing of it is there. */
const begin = ["--check", "true", "--series", "s", "--source", "s", "--xen-syms", "x"].concat(
  "--config",
  "c",
);

async function check(args: readonly string[], code: string, exitCode = 1): Promise<void> {
  const run = await runXsplice(["--json", "bisect", ...args], { host: new FakeHost() });
  assert.equal(JSON.parse(run.stdout).error.code, code, run.stdout);
  assert.equal(run.exitCode, exitCode);
}

test("bisect says what is missing on its command line, before anything else happens", async () => {
  const state = ["--state", join(folder, "none.json")];
  const [, , ...withoutCheck] = begin;
  await check([...state, "--check", "true"], "usage/bad-arguments", 64);
  await check([...state, ...withoutCheck], "usage/bad-arguments", 64);
  await check([...state, ...withoutCheck, "--check", " "], "usage/bad-arguments", 64);
  await check([...state, "--resume", "--abandon"], "usage/bad-arguments", 64);
  await check([...state, ...begin, "--resume"], "bisect/nothing-to-resume");
  await check([...state, "--abandon"], "bisect/nothing-to-resume");
  assert.ok(!existsSync(join(folder, "none.json")));
});

test("bisect does not begin beside an interrupted one, nor go on with what is no record", async () => {
  const path = join(folder, "state.json");
  writeFileSync(path, encodeRecord(record));
  await check(["--state", path, ...begin], "bisect/unfinished");
  writeFileSync(path, "{}");
  await check(["--state", path, ...begin, "--resume"], "bisect/bad-record");
  assert.ok(existsSync(path), "what somebody else may have written stays");
});

test("bisect --abandon puts back what was applied, and does nothing after a reboot", async () => {
  const path = join(folder, "abandon.json");
  for (const [bootId, restored] of [
    ["boot", true],
    ["an earlier boot", false],
  ] as const) {
    const metadata = [`build-id=${"22".repeat(20)}`, `depends=${"11".repeat(20)}`];
    const host = new FakeHost().put("mine", { kind: "applied" }, metadata);
    host.put("xsplice-bisect-2-aabb", { kind: "checked" }, [`build-id=${"33".repeat(20)}`]);
    writeFileSync(path, encodeRecord({ ...record, origin: { ...record.origin, bootId } }));
    const run = await runXsplice(["bisect", "--abandon", "--state", path], { host });
    assert.equal(run.stdout, "The host is as it was found.\n", run.stderr);
    assert.deepEqual([...host.payloads.keys()].includes("xsplice-bisect-2-aabb"), !restored);
    assert.ok(!existsSync(path));
  }
});

test("renderBisection() names the fix, and tells of each probe how it went", () => {
  const text = renderBisection({ conclusion: { kind: "narrowed", first: 1, last: 2 }, record });
  assert.equal(
    text,
    [
      "The check fails from one of these fixes on; what lies between them could not be judged:",
      "  fix 1 of 3: a.patch",
      "  fix 2 of 3: b.patch",
      "",
      "tried:",
      "  all 3 fixes                 1.2 s  bad, exit code 9: no answer",
      "  no fix                      1.2 s  good",
      "  the first 1 of 3            1.2 s  cannot tell: it cannot be built: half a fix",
      "",
    ].join("\n"),
  );
  const first = (conclusion: Parameters<typeof renderBisection>[0]["conclusion"]) =>
    renderBisection({ conclusion, record }).split("\n")[0];
  assert.equal(first({ kind: "found", fix: 2 }), "The check fails from fix 2 of 3 on: b.patch");
  assert.match(first({ kind: "never-fails" }) ?? "", /passes with all 3 fixes/);
  assert.match(first({ kind: "always-fails" }) ?? "", /also fails without any fix/);
  assert.match(first({ kind: "undecided", prefix: 3 }) ?? "", /not known.*with all 3 fixes/);
});

test("renderEvent() says what is tried, and what is put back", () => {
  assert.equal(
    renderEvent({ kind: "begins", prefix: 2, stepsLeft: 1 }, 3),
    "trying the first 2 of 3 (1 step left, if all can tell)\n",
  );
  assert.match(renderEvent({ kind: "restoring", stack: ["a", "b"] }, 3), /back: a, b\n$/);
  assert.match(renderEvent({ kind: "restoring", stack: [] }, 3), /no payload was applied\n$/);
});
