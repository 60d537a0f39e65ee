// The machinery of the score on two small fixes, for Debian's hypervisor instead of one that is built for it: one
// is built, loaded, applied and reverted, one is refused; and an expectation that is not met is no right answer.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { before, describe, test } from "node:test";
import type { ScoredBase } from "../score/base.ts";
import { runScore } from "../score/score.ts";
import type { ScoreReport } from "../score/score-report.ts";
import { fetchCorpusSource, whyNoCorpusSource } from "./build-corpus-source.ts";

const version = "xen/common/version.c";
const kernel = "xen/common/kernel.c";
/** Each fix: a title, and what of a file becomes what. */
const fixes = [
  {
    title: "version: say more",
    file: version,
    old: "return XEN_EXTRAVERSION;",
    text: 'return XEN_EXTRAVERSION ".scored";',
  },
  {
    title: "kernel: another word for the command line",
    file: kernel,
    old: "static void __init _cmdline_parse(const char *cmdline)\n{",
    text: "static void __init _cmdline_parse(const char *cmdline)\n{\n    if ( *cmdline == '#' )\n        return;\n",
  },
] as const;

describe("runScore()", { skip: await whyNoCorpusSource() }, () => {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-score-"));
  let report: ScoreReport;

  before(async () => {
    const { source, config, xenSyms } = await fetchCorpusSource();
    const clone = join(folder, "clone");
    const commits = cloneOf(clone, source);
    const list = join(folder, "small.fixes");
    writeFileSync(list, commits.map((commit) => `${commit} XSA-0\n`).join(""));
    const [built, refused, disputed] = commits;
    const expected = [
      `${built} payload xen_extra_version # a string`,
      `${refused} refused init-code # it ran at boot`,
      `${disputed} payload _cmdline_parse # nobody would expect that`,
    ];
    writeFileSync(join(folder, "small.expected"), expected.join("\n"));
    const base: ScoredBase = {
      key: "debian",
      folder,
      source,
      config,
      xenSyms,
      image: join(dirname(config), "xen-4.17-amd64.gz"),
      compiler: "as Debian's",
    };
    report = await runScore({
      xen: clone,
      base: "HEAD",
      config,
      fixes: list,
      jobs: 2,
      only: [],
      atMost: 10,
      series: false,
      seriesOnly: false,
      keptOnly: false,
      say: () => {},
      signal: AbortSignal.timeout(200_000),
      before: undefined,
      built: base,
    });
  });

  test("loads what is built, applies and reverts it, and hears no complaint", (t) => {
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const [first] = report.fixes;
    assert.equal(first?.verdict, "right");
    assert.deepEqual(first?.trial, { kind: "ran", complaints: [] });
    assert.equal(first?.check, "clean");
  });

  test("knows a refusal by its causes", () => {
    assert.equal(report.fixes[1]?.verdict, "right");
    assert.equal(report.fixes[1]?.trial, undefined);
  });

  test("takes no other answer than the expected one", () => {
    assert.equal(report.fixes[2]?.verdict, "avoidable");
    const { seconds, ...counted } = report.summary;
    assert.deepEqual(counted, { fixes: 3, right: 2, payloads: 1, wrong: 0, avoidable: 1 });
    assert.ok(seconds > 0);
  });
});

/** With just the files of the fixes: the score asks it for patches alone. The second fix is there twice. */
function cloneOf(clone: string, source: string): readonly string[] {
  const git = (...args: readonly string[]) =>
    execFileSync("git", ["-C", clone, ...args], { encoding: "latin1" }).trim();
  mkdirSync(clone, { recursive: true });
  git("init", "-q");
  git("config", "user.name", "nobody");
  git("config", "user.email", "nobody@example.com");
  const put = (file: string, text: string) => {
    mkdirSync(dirname(join(clone, file)), { recursive: true });
    writeFileSync(join(clone, file), text, "latin1");
  };
  const textOf = (file: string) => readFileSync(join(source, file), "latin1");
  const commit = (title: string) => {
    git("add", "-A");
    git("commit", "-qm", title);
    return git("rev-parse", "HEAD");
  };
  for (const { file } of fixes) put(file, textOf(file));
  const base = commit("base");
  return [...fixes, { ...fixes[1], title: "kernel: again" }].map((fix) => {
    git("checkout", "-q", base);
    const old = textOf(fix.file);
    assert.ok(old.includes(fix.old), fix.old);
    put(fix.file, old.replace(fix.old, fix.text));
    return commit(fix.title);
  });
}
