// `npm run test:atomic [-- RELEASE…]`: whether a hypercall in a loop on one CPU ever sees the unpatched
// function while one payload takes another's place from the other CPU. Ends with one line of JSON:
// {"calls","unpatchedSeen","gapSeenInControl"}, summed over the releases.

import { type AtomicResult, tryAtomicity } from "./atomic-run.ts";
import { whyNoXen } from "./why-no-xen.ts";

const goal = { calls: 100_000, replaces: 100, controlsMax: 500 } as const;
const asked = process.argv.slice(2);

const results: AtomicResult[] = [];
for (const release of asked.length > 0 ? asked : ["4.14", "4.17", "4.20"]) {
  const gone = await whyNoXen(release);
  if (gone !== false) {
    console.log(`Xen ${release}: ${gone}`);
    continue;
  }
  const result = await tryAtomicity({ release, ...goal });
  console.log(`Xen ${release}: ${JSON.stringify(result)}`);
  results.push(result);
}
const sum = (key: keyof AtomicResult) => results.reduce((total, one) => total + one[key], 0);
const isAtomic = (one: AtomicResult) =>
  one.unpatchedSeen === 0 && one.othersSeen === 0 && one.changesSeen === one.replaces;
const isShown =
  results.length > 0 && results.every((one) => isAtomic(one) && one.gapSeenInControl > 0);
const [calls, unpatchedSeen] = [sum("calls"), sum("unpatchedSeen")];
console.log(JSON.stringify({ calls, unpatchedSeen, gapSeenInControl: sum("gapSeenInControl") }));
if (!isShown) process.exitCode = 1;
