import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Clone } from "./clone.ts";
import { type Expectation, readExpectations, readFixes, ScoreError } from "./fix-list.ts";
import { changeOf, judge, summarize } from "./judge.ts";
import type { Answer, Result, Trial } from "./result.ts";
import {
  judgedAnew,
  readReport,
  readReports,
  type ScoreReport,
  withAnswers,
  writeReport,
} from "./score-report.ts";
import { renderTable } from "./table.ts";
import { complaintsIn } from "./trial.ts";
import { withoutFolders } from "./without-folders.ts";

const one = "0123456789ab";
const two = "ba9876543210";
const ran: Trial = { kind: "ran", complaints: [] };
const payload: Answer = { kind: "payload", functions: ["f", "g"], sizeBytes: 1, warnings: [] };
const refused: Answer = {
  kind: "refused",
  reasons: [
    { rule: "layout", what: "struct domain", why: "a lock is new", follows: false },
    { rule: "unsafe-path", what: "f", why: "f has grown with it", follows: true },
  ],
};

function resultOf(answer: Answer, trial?: Trial): Result {
  return { commit: one, advisories: ["XSA-1"], answer, seconds: 1.5, trial };
}

function expected(kind: Expectation["kind"], ...names: string[]): Expectation {
  return { kind, names, why: "" };
}

test("readFixes() and readExpectations() read commits, answers and why, and name the line of what they cannot", () => {
  assert.deepEqual(readFixes(`# a list\n${one} XSA-1 XSA-2\n\n${two}\n`, "x.fixes"), [
    { commit: one, advisories: ["XSA-1", "XSA-2"] },
    { commit: two, advisories: [] },
  ]);
  const read = readExpectations(`${one} payload f g # both\n${two} refused layout`, "x.expected");
  assert.deepEqual(read.get(one), { kind: "payload", names: ["f", "g"], why: "both" });
  assert.deepEqual(read.get(two), { kind: "refused", names: ["layout"], why: "" });
  for (const bad of ["HEAD payload", `\n${one} perhaps`, `${one} refused`]) {
    assert.throws(
      () => readExpectations(bad, "x.expected"),
      (error) =>
        error instanceof ScoreError && /^x\.expected, line \d$/.test(error.report.where ?? ""),
      bad,
    );
  }
  assert.throws(() => readFixes(`${one}\n${one}`, "x.fixes"), /twice/);
});

test("withAnswers() puts new answers in the place of old ones, and counts again", () => {
  const reportOf = (fixes: ScoreReport["fixes"]): ScoreReport => ({
    format: 1,
    list: "x",
    base: "b",
    compiler: "c",
    date: "2026-12-01",
    fixes,
    missing: 3,
    series: [],
    summary: { fixes: 2, right: 1, payloads: 1, wrong: 0, avoidable: 1, seconds: 3 },
  });
  const built = { ...resultOf(payload, ran), verdict: "right" };
  const old = { ...resultOf(refused), commit: two, verdict: "avoidable" };
  const mended = { ...resultOf(payload, ran), commit: two, verdict: "right" };
  const merged = withAnswers(reportOf([built, old]), reportOf([mended]));
  assert.deepEqual(merged.fixes, [built, mended]);
  assert.equal(merged.missing, 3);
  const { seconds, ...counted } = merged.summary;
  assert.deepEqual(counted, { fixes: 2, right: 2, payloads: 2, wrong: 0, avoidable: 0 });
  const more = { ...built, commit: "aaaaaaaaaaaa" };
  assert.equal(withAnswers(reportOf([built, old]), reportOf([more])).missing, 2);
});

test("judgedAnew() holds published answers against expectations that have changed", () => {
  const result = { ...resultOf(refused), verdict: "false-reason", because: "b", judgement: "j" };
  const summary = { fixes: 1, right: 0, payloads: 0, wrong: 0, avoidable: 0, seconds: 2 };
  const before: ScoreReport = {
    format: 1,
    list: "x",
    base: "x",
    compiler: "gcc",
    date: "2026-01-01",
    fixes: [result],
    missing: 0,
    series: [],
    summary,
  };
  const why = "on second look: its lock moves";
  const anew = judgedAnew(before, new Map([[one, { ...expected("refused", "layout"), why }]]));
  const { verdict, because, judgement, answer } = anew.fixes[0] ?? {};
  assert.deepEqual([verdict, because, judgement, answer], ["right", undefined, why, refused]);
  assert.equal(anew.summary.right, 1);
  assert.equal(anew.date, before.date);
});

test("judge() calls right only what is as expected, with all functions and the same causes", () => {
  const kindOf = (result: Result, wanted: Expectation | undefined) => judge(result, wanted).kind;
  assert.equal(kindOf(resultOf(payload, ran), expected("payload", "f")), "right");
  assert.equal(kindOf(resultOf(payload, ran), expected("payload", "f", "h")), "wrong");
  const ofFile: Answer = { ...payload, functions: ["common/x.c#f"] };
  assert.equal(kindOf(resultOf(ofFile, ran), expected("payload", "f")), "right");
  assert.equal(kindOf(resultOf(payload, ran), expected("refused", "layout")), "wrong");
  assert.equal(kindOf(resultOf(payload, ran), undefined), "unjudged");
  assert.equal(kindOf(resultOf(refused), expected("refused", "layout")), "right");
  assert.equal(
    kindOf(resultOf(refused), expected("refused", "layout", "unsafe-path")),
    "false-reason",
  );
  assert.equal(kindOf(resultOf(refused), expected("payload")), "avoidable");
  assert.equal(kindOf(resultOf({ kind: "no-change" }), expected("payload")), "wrong");
  assert.equal(kindOf(resultOf({ kind: "no-change" }), expected("no-change")), "right");
  assert.equal(kindOf(resultOf({ kind: "not-alone", why: "" }), expected("payload")), "not-scored");
  const bug: Answer = { kind: "error", code: "exit code 70", problem: "Bug in xsplice" };
  assert.equal(kindOf(resultOf(bug), expected("no-change")), "avoidable");
});

test("judge() calls wrong what the hypervisor refuses, complains of or does not survive", () => {
  for (const trial of [
    { kind: "failed", step: "apply of x", said: "the hypervisor crashed" },
    { kind: "ran", complaints: ["apply of x: Xen WARN at f"] },
  ] as const) {
    assert.equal(judge(resultOf(payload, trial), expected("payload", "f")).kind, "wrong");
    assert.equal(judge(resultOf(payload, trial), undefined).kind, "wrong");
  }
});

test("summarize() leaves out what is not scored, and counts no wrong payload among the payloads", () => {
  const judged = [
    { result: resultOf(payload, ran), verdict: { kind: "right" } },
    { result: resultOf(payload, ran), verdict: { kind: "wrong", why: "" } },
    { result: resultOf(refused), verdict: { kind: "avoidable", why: "" } },
    { result: resultOf({ kind: "not-alone", why: "" }), verdict: { kind: "not-scored", why: "" } },
  ] as const;
  assert.deepEqual(summarize(judged), {
    fixes: 3,
    right: 1,
    payloads: 1,
    wrong: 1,
    avoidable: 1,
    seconds: 6,
  });
});

test("changeOf() sees another function, another cause and a payload that fails now", () => {
  const other: Answer = { ...payload, functions: ["f"] };
  assert.equal(changeOf(resultOf(payload, ran), resultOf(payload, ran)), undefined);
  assert.equal(changeOf(resultOf(payload, ran), resultOf(other, ran)), "was: payload: f, g");
  assert.equal(changeOf(resultOf(refused), resultOf(payload, ran)), "was: refused: layout");
  const fails: Trial = { kind: "failed", step: "apply", said: "" };
  assert.ok(changeOf(resultOf(payload, ran), resultOf(payload, fails)));
});

test("complaintsIn() finds what a hypervisor in order does not print, and nothing else", () => {
  const console = `(XEN) livepatch: x: Applying 2 functions
(XEN) livepatch: x finished APPLY with rc=0
(XEN) livepatch:   title=the error path of f
(XEN)   ex= 8180159us timer=ffff82d040591340 cb=arch/x86/cpu/mcheck/non-fatal.c#mce_work_fn
(XEN) Xen WARN at common/x.c:12
(XEN) FATAL PAGE FAULT`;
  assert.deepEqual(complaintsIn(console), [
    "(XEN) Xen WARN at common/x.c:12",
    "(XEN) FATAL PAGE FAULT",
  ]);
});

test("withoutFolders() leaves out where something lies, and keeps the paths of the source", () => {
  const text = 'lab (Xen /root/.cache/a/xen.gz): arch/x86/mm.c of "/home/x/y.livepatch"';
  assert.equal(withoutFolders(text), 'lab (Xen xen.gz): arch/x86/mm.c of "y.livepatch"');
});

test("renderTable() has a row for each fix, also of lists that other runs have written", () => {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-score-"));
  try {
    const report: ScoreReport = {
      format: 1,
      list: "4.17",
      base: "RELEASE-4.17.0",
      compiler: "gcc",
      date: "2026-12-01",
      fixes: [
        { ...resultOf(payload, ran), verdict: "right", tree: "0a1b2c3d4e" },
        {
          ...resultOf(refused),
          verdict: "right",
          judgement: "a lock | is new; adapt: put it into a hole",
        },
      ],
      missing: 0,
      series: [
        { mode: "stack", built: [one], notBuilt: [], turnedAway: [], trial: ran, seconds: 3 },
      ],
      summary: { fixes: 2, right: 2, payloads: 1, wrong: 0, avoidable: 0, seconds: 3 },
    };
    writeReport(folder, report);
    writeReport(folder, { ...report, list: "4.20", missing: 7 });
    assert.deepEqual(readReport(folder, "4.17"), JSON.parse(JSON.stringify(report)));
    const table = renderTable(readReports(folder));
    assert.match(table, /^\| XSA-1 \| `0123456789` \| payload: f, g \| right \|/m);
    assert.match(
      table,
      /refused: layout \| right \| a lock \\\| is new; adapt: put it into a hole/,
    );
    assert.match(table, /^- XSA-1 `0123456789`: put it into a hole$/m);
    assert.match(
      table,
      / 7 fixes of the list were not run\. Answered by .*: 1 by `0a1b2c3d4e`, 1 by earlier ones\.$/m,
    );
    assert.match(table, /^In all 4 fixes were tried, in 0 minutes of builds/m);
    assert.match(table, /^## Xen 4\.20$/m);
    assert.match(table, /^1 built, 0 not, 3 s\. On the hypervisor: applied, reverted\.$/m);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("Clone gives sources and patches of commits, and says what a clone has to have", () => {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-score-"));
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", folder, "-c", "user.name=a", "-c", "user.email=a@b", ...args], {
      encoding: "utf8",
      stdio: "pipe",
    });
  try {
    git("init", "-q");
    for (const text of ["one\n", "two\n"]) {
      writeFileSync(join(folder, "a.c"), text);
      git("add", "a.c");
      git("commit", "-qm", `make it ${text}`);
    }
    const clone = new Clone(folder);
    assert.match(clone.patchOf("HEAD"), /^Subject: .*make it two[\s\S]*^-one$[\s\S]*^\+two$/m);
    clone.exportTo(clone.commitOf("HEAD~1"), join(folder, "out"));
    assert.equal(readFileSync(join(folder, "out/a.c"), "utf8"), "one\n");
    assert.throws(() => clone.commitOf("RELEASE-4.17.0"), /Cannot find "RELEASE-4.17.0"/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
