// The short form of the differential test, on every release that we can run; the long one is
// `npm run test:differential`. Same seeds every time: what fails here fails again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { mutationCase, sequenceCase, standardCases } from "./differential-cases.ts";
import { describeFinding, playCases } from "./differential-run.ts";
import { Twins } from "./differential-twins.ts";
import { describeOnXen } from "./why-no-xen.ts";

const MUTATIONS = 120;
const SEQUENCES = 12;

for (const release of ["4.14", "4.17", "4.20"]) {
  await describeOnXen(release, `the model and Xen ${release}`, () => {
    test("XenModel answers as the real hypervisor, in result codes, states and code", async (t) => {
      await using twins = await Twins.open(release);
      const source = { xen: twins.xen, boot: twins.boot.bind(twins) };
      const seeds = (count: number) => Array.from({ length: count }, (_, index) => `ci-${index}`);
      const cases = [
        ...standardCases(source),
        ...seeds(MUTATIONS).map((seed) => mutationCase(source, seed)),
        ...seeds(SEQUENCES).map((seed) => sequenceCase(source, seed)),
      ];
      const findings: string[] = [];
      const counts = await playCases(twins, cases, (finding) => {
        findings.push(describeFinding(finding));
      });
      t.diagnostic(JSON.stringify(counts));
      assert.deepEqual(findings, []);
      assert.ok(counts.agree > MUTATIONS, "hardly any case was played");
    });
  });
}
