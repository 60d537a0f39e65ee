// One fix for the hypervisors of two architectures and one whose source cannot be had, from a depot's bases to a depot
// that holds the payloads.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { openBase } from "../../../src/bases/open-base.ts";
import { PINNED_XEN_4_17 } from "../../../src/parts/xen-parts.ts";
import { answers, patchOf } from "../../bases/fixes.ts";
import { DepotUnderTest } from "../../depot/depot-under-test.ts";
import { tally } from "../../depot/tally.ts";

// Minutes where a base is not prepared yet: `npm run test:depot` plays it.
const isWhole =
  process.env["XSPLICE_DEPOT_TALLY"] !== undefined &&
  (process.env["XSPLICE_DEPOT_ON"] ?? "matrix").split(",").includes("matrix");
const skip = isWhole ? false : "npm run test:depot plays it";
const own = new DepotUnderTest();
after(() => own.remove());

interface Row {
  readonly label: string;
  readonly outcome: string;
  readonly kept: boolean | undefined;
  readonly payload?: { readonly path: string };
  readonly report?: { readonly path: string };
}

test("xsplice matrix builds a fix for two architectures, and a depot takes what it has made", {
  skip,
}, async () => {
  const env = { ...process.env } as Record<string, string>;
  const base = await openBase(`debian:${PINNED_XEN_4_17}`);
  const patch = join(own.folder, "fix.patch");
  writeFileSync(patch, patchOf(answers("+fix"), base.source ?? ""));
  const list = join(own.folder, "bases.json");
  const bases = [
    { base: `debian:${PINNED_XEN_4_17}`, label: "x86" },
    { base: `debian-arm64:${PINNED_XEN_4_17}`, label: "arm64" },
    { base: "debian:4.14.6-1", label: "no source" },
  ];
  writeFileSync(list, JSON.stringify({ bases }));
  const out = join(own.folder, "built");
  const matrix = ["matrix", "--patch", patch, "--bases", list, "-o", out, "--json"];
  const run = await own.try(matrix, { env });
  assert.equal(run.exitCode, 2, run.stdout + run.stderr);
  const rows: readonly Row[] = JSON.parse(run.stdout).bases;
  assert.deepEqual(
    rows.map(({ label, outcome }) => [label, outcome]),
    [
      ["x86", "built"],
      ["arm64", "built"],
      ["no source", "failed"],
    ],
    run.stdout,
  );
  const again: readonly Row[] = JSON.parse((await own.try(matrix, { env })).stdout).bases;
  assert.deepEqual(
    again.map(({ kept }) => kept),
    [true, true, undefined],
  );
  await own.begin();
  const word = `debian:${PINNED_XEN_4_17}`;
  await own.run("depot", "base", own.depot, "--base", word, "--label", "x86");
  const draft = JSON.parse(readFileSync(join(own.depot, "draft/depot.json"), "utf8"));
  assert.ok(JSON.stringify(draft.bases).includes(word));
  const [first] = rows;
  const path = join(out, first?.payload?.path ?? "");
  const report = join(out, first?.report?.path ?? "");
  await own.add({ path }, "edge", "--fix", "XSA-1", "--evidence", report);
  await own.publish();
  tally({ basesBuilt: rows.filter(({ outcome }) => outcome === "built").length });
});
