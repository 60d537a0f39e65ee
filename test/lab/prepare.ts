// What `npm test` does before the tests on real hypervisors: says what has to be downloaded, fetches
// it, and boots each kind of lab once, so that every test starts from a snapshot. With everything
// there, it takes a fraction of a second. What cannot be had is told; its tests say so once more.

import { megabytes, progressLine } from "../../src/cli/text/progress.ts";
import { XspliceError } from "../../src/error.ts";
import { type LabOptions, partsForLab, prepareLab } from "../../src/lab/mod.ts";
import { fetchParts, planParts } from "../../src/parts/mod.ts";
import { buildParts } from "../../src/xen-make/tools.ts";
import { whyNoCompiler } from "../why-no-build.ts";

const releases = ["4.14", "4.17", "4.20"];
const kinds: readonly LabOptions[] = [
  ...releases.map((xen) => ({ xen })),
  ...releases.map((xen) => ({ xen, userland: "full" }) as const),
  { xen: "4.17", cpus: 2 },
];
const AT_ONCE = 2;

const { onProgress, end } = progressLine(process);

const ready = await fetchAll();
end();
const waiting = kinds.filter((kind) => partsForLab(kind).every((id) => ready.has(id)));
await Promise.all(Array.from({ length: AT_ONCE }, prepareNext));

/** Ids of the parts that are there afterwards. */
async function fetchAll(): Promise<Set<string>> {
  const forBuilds = whyNoCompiler() === false ? [...buildParts, "xen-source-4.17"] : [];
  const more = ["ssh-client", "promtool", "zsh", "fish"];
  const ids = new Set([...kinds.flatMap(partsForLab), ...forBuilds, ...more]);
  const plan = await planParts([...ids], { onProgress });
  for (const { reason } of plan.unavailable) say(reason.message);
  if (plan.toFetch.length > 0) {
    say(
      `The tests need ${megabytes(plan.downloadBytes)} of Debian's packages, kept in ${plan.cache}:`,
    );
    for (const { definition, downloadBytes } of plan.toFetch) {
      say(`  ${megabytes(downloadBytes).padStart(8)}  ${definition.id}: ${definition.purpose}`);
    }
  }
  await fetchParts(plan, { onProgress });
  const there = [...plan.ready, ...plan.toFetch].map(({ definition }) => definition.id);
  return new Set(there);
}

async function prepareNext(): Promise<void> {
  for (let kind = waiting.shift(); kind !== undefined; kind = waiting.shift()) {
    try {
      await prepareLab({ ...kind, onProgress: ({ text }) => say(text) });
    } catch (error) {
      if (!(error instanceof XspliceError)) throw error;
      say(error.message);
    }
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
