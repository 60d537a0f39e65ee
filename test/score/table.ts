// The published table, from what all runs have found.

import { inWords } from "./judge.ts";
import type { Trial } from "./result.ts";
import type { ScoreReport, SeriesResult } from "./score-report.ts";

const INTRODUCTION = `# The score: real security fixes

Every fix of these lists is a commit of one of Xen's stable branches that names a security advisory and changes
the hypervisor's source. Each is built for the first release of its branch as it is, alone; every payload is loaded
on the very hypervisor that it was built for, applied, worked with, reverted and unloaded. A person has read each
fix before, and said what the right answer is, with the reason; where the answer has shown the person to be wrong, the
reason begins with "on second look". Made by \`npm run score\` ([how](../CONTRIBUTING.md#the-score)).

- **right**: the answer is the expected one; a payload has all functions that it must have, and the hypervisor
  took it without a complaint.
- **wrong**: a payload where there must be none, or one that lacks something, or that the hypervisor does not survive;
  or a fix that was called without effect.
- **avoidable**: refused, though it could be carried. **false-reason**: rightly refused, for another reason than is given.
- **not scored**: it does not fit the base, or does not compile, without earlier fixes.
`;

export function renderTable(reports: readonly ScoreReport[]): string {
  const rows = reports.map(({ list, base, date, summary: s }) => {
    const counts = [s.fixes, s.right, s.payloads, s.wrong, s.avoidable, `${s.seconds} s`];
    return row([`[${list}](#${anchorOf(list)})`, base, date, ...counts]);
  });
  return [
    INTRODUCTION,
    row([
      "list",
      "built for",
      "run on",
      "scored",
      "right",
      "payloads",
      "wrong",
      "avoidable",
      "builds",
    ]),
    row(Array.from({ length: 9 }, () => "---")),
    ...rows,
    "",
    totalOf(reports),
    "",
    ...reports.map(renderList),
  ].join("\n");
}

function totalOf(reports: readonly ScoreReport[]): string {
  const fixes = reports.flatMap((report) => report.fixes);
  const seconds = fixes.reduce((sum, fix) => sum + fix.seconds, 0);
  const minutes = (seconds / 60).toFixed(0);
  return `In all ${fixes.length} fixes were tried, in ${minutes} minutes of builds; each counts as it took, at the load of its day.`;
}

function renderList({ list, compiler, fixes, missing, series }: ScoreReport): string {
  const rows = fixes.map((fix) => {
    const { commit, advisories, check, trial, seconds, verdict, because, judgement } = fix;
    return row([
      advisories.join(" "),
      `\`${commit.slice(0, 10)}\``,
      inCell(inWords(fix)),
      [verdict, because ?? []].flat().map(inCell).join(": "),
      inCell(judgement ?? ""),
      seconds.toFixed(1),
      check ?? "",
      sayingOf(trial),
    ]);
  });
  return [
    `## Xen ${list}\n`,
    `Compiler: ${compiler}. Seconds: the whole command, unpatched objects that an earlier fix needed are there.${missing > 0 ? ` ${missing} fixes of the list were not run.` : ""}${treesOf(fixes)}\n`,
    row([
      "advisory",
      "commit",
      "answer",
      "verdict",
      "what a person says",
      "s",
      "check",
      "hypervisor",
    ]),
    row(Array.from({ length: 8 }, () => "---")),
    ...rows,
    "",
    ...renderAdaptations(fixes),
    ...series.map((one) => renderSeries(one)),
  ].join("\n");
}

/** Which commits of xSplice have answered; of the first answers nobody knows. */
function treesOf(fixes: ScoreReport["fixes"]): string {
  const counts = new Map<string, number>();
  for (const { tree } of fixes) {
    if (tree !== undefined) counts.set(tree, (counts.get(tree) ?? 0) + 1);
  }
  if (counts.size === 0) return "";
  const earlier = fixes.filter(({ tree }) => tree === undefined).length;
  const told = [...counts].map(([tree, count]) => `${count} by \`${tree}\``);
  const others = earlier === 0 ? [] : [`${earlier} by earlier ones`];
  return ` Answered by these commits of xSplice: ${[...told, ...others].join(", ")}.`;
}

/** Of what a person says, the part after "adapt:". */
function renderAdaptations(fixes: ScoreReport["fixes"]): readonly string[] {
  const lines = fixes.flatMap(({ advisories, commit, answer, judgement = "" }) => {
    const [, how] = /\badapt: (.*)$/.exec(judgement) ?? [];
    if (answer.kind !== "refused" || how === undefined) return [];
    return `- ${advisories.join(" ")} \`${commit.slice(0, 10)}\`: ${inCell(how)}`;
  });
  return lines.length === 0 ? [] : ["### What a person must adapt, and how\n", ...lines, ""];
}

function renderSeries(series: SeriesResult): string {
  const { mode, built, notBuilt, turnedAway, trial, seconds, tree } = series;
  const list = (items: readonly string[]) => items.map((item) => `- ${item}\n`).join("");
  return [
    `### As a series: ${mode}\n`,
    ...(tree === undefined ? [] : [`By xSplice's commit \`${tree}\`.\n`]),
    `${built.length} built, ${notBuilt.length} not, ${seconds.toFixed(0)} s. On the hypervisor: ${sayingOf(trial) || "nothing to try"}.\n`,
    list(
      notBuilt.map(
        (one) => `\`${one.commit.slice(0, 18)}\` ${inCell(`${inWords(one)}${whyOf(one)}`)}`,
      ),
    ),
    list(
      turnedAway.map(
        ({ commit, said }) => `\`${commit.slice(0, 10)}\` turned away: ${inCell(said)}`,
      ),
    ),
  ].join("\n");
}

function whyOf({ answer }: SeriesResult["notBuilt"][number]): string {
  if (answer.kind === "not-alone") return `: ${answer.why}`;
  return answer.kind === "error" ? `: ${answer.problem}` : "";
}

function sayingOf(trial: Trial | undefined): string {
  if (trial === undefined) return "";
  if (trial.kind === "failed") return inCell(`${trial.step} failed: ${trial.said}`);
  return trial.complaints.length === 0 ? "applied, reverted" : inCell(trial.complaints.join("; "));
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** For a cell of a table. */
function inCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll(/\s+/g, " ");
}

function anchorOf(list: string): string {
  return `xen-${list.replaceAll(".", "")}`;
}
