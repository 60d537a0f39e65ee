// `xsplice build` on the real source of Xen, and its payloads on a real Xen: some cases of the
// corpus, one of each kind. All of them: npm run test:build-corpus.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { requireCases } from "../corpus/cases.ts";
import { applyCase, type CorpusXen, openCorpusXen } from "./build-corpus-apply.ts";
import { buildCase, findDisagreements } from "./build-corpus-build.ts";
import { type CorpusSource, fetchCorpusSource, whyNoCorpusSource } from "./build-corpus-source.ts";

const cases = requireCases([
  "plain-function",
  "kernel-c-twice",
  "static-local",
  "cold-part",
  "idle-path",
  "init-own-half",
  "hooks-in-source",
  "version-in-variable",
  "assembly-half",
  "line-shift-only",
]);

describe("xsplice build", { skip: await whyNoCorpusSource() }, () => {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-corpus-"));
  let source: CorpusSource;
  let xen: CorpusXen;
  before(async () => {
    source = await fetchCorpusSource();
    xen = await openCorpusXen();
  });
  after(async () => {
    await xen?.lab.close();
    rmSync(folder, { recursive: true });
  });

  for (const one of cases) {
    test(`xsplice build takes ${one.name}: ${one.rule}`, async () => {
      const build = await buildCase(one, source, folder);
      assert.deepEqual(findDisagreements(one, build), []);
      if (one.expected.outcome === "built") await xen.lab.guard(applyCase(xen, one, build));
    });
  }
});
