// `npm run score`: holds the builder against real fixes of Xen. The last line is JSON.

import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { XspliceError } from "../../src/error.ts";
import { writeWhole } from "../../src/files/write-whole.ts";
import { cacheFolder } from "../../src/parts/cache-folder.ts";
import { useCache } from "../../src/parts/lock.ts";
import { ScoreError } from "./fix-list.ts";
import { expectationsBeside, runScore, type ScoreRequest, ToBeContinued } from "./score.ts";
import {
  judgedAnew,
  readReport,
  readReports,
  type ScoreReport,
  withAnswers,
  writeReport,
} from "./score-report.ts";
import { renderTable } from "./table.ts";

const USAGE = `usage: npm run score -- --xen CLONE --base TAG --config FILE --fixes LIST [OPTION…]

  --xen CLONE       a clone of Xen's repository, which is only read
  --base TAG        the release that the fixes are built for, such as RELEASE-4.17.0
  --config FILE     its configuration
  --fixes LIST      commits, one a line, in a file that ends with .fixes; what is expected of them
                    lies beside it, in a file that ends with .expected
  --jobs N          compilers at a time; one per CPU by default
  --only COMMIT     only this fix, and no series; repeat
  --publish         with --only: put these answers in the place of those that were published
  --kept-only       of fixes alone, only what earlier runs have found
  --no-series       each fix alone only
  --series-only     no fix alone: the series goes by the answers that were published
  --judge-anew      nothing is built: what was published is held against the expectations as they are now;
                    of the options above, only --fixes is needed
  --at-most N       end after N builds, with exit code 75; the next run goes on
  --output DIR      where score.md and score/ are written; docs by default
  --help            print this text

Exits 0 if all is right, 1 if an answer is not, 75 if there is more to do. ^C loses nothing: the next run goes
on, as long as neither xSplice nor base, configuration and compiler have changed.
`;

const EXIT = { right: 0, notRight: 1, usage: 64, continued: 75, interrupted: 130 } as const;
const LISTS_END = ".fixes";

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      xen: { type: "string" },
      base: { type: "string" },
      config: { type: "string" },
      fixes: { type: "string" },
      jobs: { type: "string", default: String(availableParallelism()) },
      only: { type: "string", multiple: true, default: [] },
      publish: { type: "boolean", default: false },
      "kept-only": { type: "boolean", default: false },
      "no-series": { type: "boolean", default: false },
      "series-only": { type: "boolean", default: false },
      "judge-anew": { type: "boolean", default: false },
      "at-most": { type: "string", default: "100000" },
      output: { type: "string", default: "docs" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return say(USAGE, process.stdout);
  const { xen, base, config, fixes, output, only, publish } = values;
  if (values["judge-anew"] && fixes !== undefined) return publishAnew(fixes, output);
  if (xen === undefined || base === undefined || config === undefined || fixes === undefined) {
    throw badArguments("--xen, --base, --config and --fixes are needed");
  }
  const controller = new AbortController();
  process.once("SIGINT", () => controller.abort(new Interrupted()));
  process.once("SIGTERM", () => controller.abort(new Interrupted()));
  const list = nameOfList(fixes);
  const request: ScoreRequest = {
    xen,
    base,
    config,
    fixes,
    only,
    jobs: numberOf(values.jobs, "--jobs"),
    atMost: numberOf(values["at-most"], "--at-most"),
    series: !values["no-series"],
    seriesOnly: values["series-only"],
    keptOnly: values["kept-only"],
    say: (text) => say(`${text}\n`, process.stderr),
    signal: controller.signal,
    before: readReport(output, list),
  };
  using _used = await useCache(cacheFolder(), controller.signal);
  const report = await runScore(request);
  if (only.length === 0 || publish) {
    mkdirSync(output, { recursive: true });
    publishReport(output, only.length === 0 ? report : withAnswers(request.before, report));
  }
  return sayAll(report);
}

/** @throws ScoreError score/bad-arguments */
function nameOfList(fixes: string): string {
  if (!fixes.endsWith(LISTS_END)) throw badArguments(`the list has to end with ${LISTS_END}`);
  return fixes.replace(/^.*\//, "").slice(0, -LISTS_END.length);
}

/** @throws ScoreError score/bad-arguments where nothing was published */
function publishAnew(fixes: string, output: string): number {
  const list = nameOfList(fixes);
  const before = readReport(output, list);
  if (before === undefined) throw badArguments(`nothing was published of ${list} in ${output}`);
  const report = judgedAnew(before, expectationsBeside(fixes));
  publishReport(output, report);
  return sayAll(report);
}

function publishReport(output: string, report: ScoreReport): void {
  writeReport(output, report);
  writeWhole(join(output, "score.md"), renderTable(readReports(output)));
}

function sayAll({ summary, fixes, series }: ScoreReport): number {
  say(`${JSON.stringify(summary)}\n`, process.stdout);
  const isRight = fixes.every(({ verdict }) => verdict === "right" || verdict === "not-scored");
  const seriesRan = series.every(({ trial }) => trial === undefined || trial.kind === "ran");
  return isRight && seriesRan ? EXIT.right : EXIT.notRight;
}

class Interrupted extends Error {}

function say(text: string, to: NodeJS.WritableStream): 0 {
  to.write(text);
  return EXIT.right;
}

function numberOf(text: string, option: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw badArguments(`${option} "${text}" is no number`);
}

function badArguments(problem: string): ScoreError {
  return new ScoreError({ code: "score/bad-arguments", problem: `Cannot start: ${problem}` });
}

/** Of parseArgs(), or our own. */
function isWrongUse(error: unknown): error is Error {
  if (error instanceof ScoreError) return error.report.code === "score/bad-arguments";
  return error instanceof TypeError && /"code":"ERR_PARSE_ARGS/.test(JSON.stringify(error));
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof ToBeContinued) {
    say("There is more to do: the next run goes on\n", process.stderr);
    process.exitCode = EXIT.continued;
  } else if (error instanceof Interrupted) process.exitCode = EXIT.interrupted;
  else if (isWrongUse(error)) {
    say(`${error.message}\n\n${USAGE}`, process.stderr);
    process.exitCode = EXIT.usage;
  } else if (error instanceof XspliceError) {
    say(`${error.message}\n`, process.stderr);
    process.exitCode = EXIT.notRight;
  } else throw error;
}
