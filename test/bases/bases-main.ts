// `npm run test:bases`: the whole way from a fix to a patched hypervisor, on many hypervisors. The last
// line is JSON: {"bases","cells","passed","refusedTruthfully","failed"}.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { XspliceError } from "../../src/error.ts";
import { writeWhole } from "../../src/files/write-whole.ts";
import { cacheFolder } from "../../src/parts/cache-folder.ts";
import { useCache } from "../../src/parts/lock.ts";
import { rowsFor } from "./matrix.ts";
import { BasesError, type BasesOptions, readBasesOptions, USAGE } from "./options.ts";
import {
  type BaseResult,
  mergeResults,
  readResults,
  type Summary,
  summarize,
  writeResults,
} from "./result.ts";
import { runRow } from "./run-row.ts";
import { renderPage } from "./table.ts";

const EXIT = { right: 0, wrong: 1, usage: 64, interrupted: 130 } as const;

class Interrupted extends Error {}

const controller = new AbortController();
process.once("SIGINT", () => controller.abort(new Interrupted()));
process.once("SIGTERM", () => controller.abort(new Interrupted()));

async function main(): Promise<number> {
  const options = readBasesOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(USAGE);
    return EXIT.right;
  }
  const { signal } = controller;
  using _used = await useCache(cacheFolder(), signal);
  const run = { jobs: options.jobs, say, signal };
  const results: BaseResult[] = [];
  let notOpened = 0;
  for (const row of await rowsFor(options, run)) {
    say(row.name);
    try {
      const result = await runRow(row, options, run);
      results.push(result);
      if (options.publish) publish(options, result); // Each at once: ^C loses nothing.
    } catch (error) {
      if (!(error instanceof XspliceError)) throw error;
      say(error.message);
      notOpened++;
    }
  }
  const found = summarize(results);
  // A base that cannot even be opened is a failure, too.
  const summary: Summary = {
    ...found,
    bases: found.bases + notOpened,
    failed: found.failed + notOpened,
  };
  process.stdout.write(`${JSON.stringify(summary)}\n`);
  return summary.failed === 0 ? EXIT.right : EXIT.wrong;
}

function publish({ output }: BasesOptions, result: BaseResult): void {
  mkdirSync(output, { recursive: true });
  const place = join(output, "bases.json");
  const old = readResults(existsSync(place) ? readFileSync(place, "utf8") : undefined);
  const all = mergeResults(old, result);
  writeWhole(place, writeResults(all));
  writeWhole(join(output, "bases.md"), renderPage(all));
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Of parseArgs(), or our own. */
function isWrongUse(error: unknown): error is Error {
  if (error instanceof BasesError) return true;
  return error instanceof TypeError && /"code":"ERR_PARSE_ARGS/.test(JSON.stringify(error));
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof Interrupted) process.exitCode = EXIT.interrupted;
  else if (isWrongUse(error)) {
    say(`${error.message}\n\n${USAGE}`);
    process.exitCode = EXIT.usage;
  } else if (error instanceof XspliceError) {
    say(error.message);
    process.exitCode = EXIT.wrong;
  } else throw error;
}
