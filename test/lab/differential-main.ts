// `npm run test:differential`: the model beside real hypervisors, for as long as it is asked to.
// Ends with one line of JSON: {"cases","agree","disagree","byRelease"}.

import {
  type Case,
  findCase,
  mutationCase,
  sequenceCase,
  standardCases,
} from "./differential-cases.ts";
import { tryDeaths } from "./differential-deaths.ts";
import { type DifferentialOptions, readOptions } from "./differential-options.ts";
import { type Counts, describeFinding, playCases } from "./differential-run.ts";
import { Twins } from "./differential-twins.ts";

async function runRelease(release: string, options: DifferentialOptions): Promise<Counts> {
  await using twins = await Twins.open(release);
  const cases = [...casesOf(twins, options)];
  console.log(`Xen ${release}: ${cases.length} cases, seeds "${options.seed}-N"`);
  const counts = await playCases(twins, cases, (finding) => {
    console.log(describeFinding(finding));
  });
  console.log(`Xen ${release}: ${JSON.stringify(counts)}, labs: ${twins.labs}`);
  await tryDeaths(twins, cases, options.deaths, ({ trap, words, id, seen }) => {
    console.log(`Xen ${release}: ${trap}: ${seen} (${words}; ${id})`);
    counts.cases++;
    if (seen === "crashed") counts.agree++;
    else counts.disagree++;
  });
  return counts;
}

function* casesOf(twins: Twins, options: DifferentialOptions): Iterable<Case> {
  const source = { xen: twins.xen, boot: twins.boot.bind(twins) };
  const { caseId, mutations, sequences, seed } = options;
  if (caseId !== undefined) {
    const found = findCase(source, caseId);
    if (found === undefined) throw new Error(`there is no case "${caseId}"`);
    console.log(found.what);
    yield found;
    return;
  }
  yield* standardCases(source);
  for (let index = 0; index < mutations; index++) yield mutationCase(source, `${seed}-${index}`);
  for (let index = 0; index < sequences; index++) yield sequenceCase(source, `${seed}-${index}`);
}

const options = optionsOrUsage();
const byRelease: Record<string, Counts> = {};
for (const release of options.releases) byRelease[release] = await runRelease(release, options);
const sum = (key: "cases" | "agree" | "disagree") =>
  Object.values(byRelease).reduce((total, counts) => total + counts[key], 0);
const [cases, agree, disagree] = [sum("cases"), sum("agree"), sum("disagree")];
console.log(JSON.stringify({ cases, agree, disagree, byRelease }));
if (disagree > 0) process.exitCode = 1;

function optionsOrUsage(): DifferentialOptions {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return process.exit(64);
  }
}
