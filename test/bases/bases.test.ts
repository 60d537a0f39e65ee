// What of the matrix needs no hypervisor: its options, its fixes, its page.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { FixError, newStatic, patchOf } from "./fixes.ts";
import { BasesError, readBasesOptions } from "./options.ts";
import { type BaseResult, mergeResults, readResults, summarize, writeResults } from "./result.ts";
import { renderPage } from "./table.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-bases-test-"));
after(() => rmSync(folder, { recursive: true }));

test("readBasesOptions() wants a source with its configuration, and settings only with them", () => {
  const options = readBasesOptions(["--source", "xen", "--config", "c", "--setting", "CONFIG_X=y"]);
  assert.deepEqual(
    [options?.own, options?.settings],
    [{ source: "xen", config: "c" }, ["CONFIG_X=y"]],
  );
  for (const wrong of [
    ["--source", "xen"],
    ["--setting", "CONFIG_X=y"],
    ["--source", "xen", "--config", "c", "--base", "debian:12"],
    ["--jobs", "many"],
  ]) {
    assert.throws(() => readBasesOptions(wrong), BasesError, wrong.join(" "));
  }
  assert.equal(readBasesOptions(["--help"]), undefined);
});

test("patchOf() finds the place of a fix in any release, and says where there is none", () => {
  const file = join(folder, newStatic.file);
  mkdirSync(join(file, ".."), { recursive: true });
  const before = `static void dump_timerq(unsigned char key)
{
    printk("Dumping timer queues:\\n");
}
`;
  for (const word of ["", "cf_check "]) {
    writeFileSync(file, before.replace("void ", `void ${word}`));
    const patch = patchOf(newStatic, folder);
    assert.match(patch, /^\+static unsigned int nr_dumps;$/m);
    assert.match(patch, /^\+ {4}printk\("Dumping timer queues, number %u:\\n", \+\+nr_dumps\);$/m);
  }
  writeFileSync(file, "int other;\n");
  assert.throws(() => patchOf(newStatic, folder), FixError);
});

const cell = (outcome: BaseResult["cells"][number]["outcome"]) => {
  return { cell: "c", outcome, words: "", seconds: 1 } as const;
};
const found = (name: string, outcome: BaseResult["cells"][number]["outcome"]): BaseResult => {
  return { name, compiler: "gcc (Debian 12.2.0) 12.2.0", on: "2026-12-01", cells: [cell(outcome)] };
};

test("mergeResults() puts newer answers in the place of older ones of that hypervisor, in order", () => {
  const before = found("Xen 4.9", "failed");
  const other = { ...cell("passed"), cell: "static" };
  const old = [{ ...before, cells: [...before.cells, other] }, found("Xen 4.10", "passed")];
  const all = mergeResults(old, found("Xen 4.9", "passed"));
  assert.deepEqual(readResults(writeResults(all)), all);
  assert.deepEqual(
    all.map(({ name, cells }) => [name, ...cells.map((one) => `${one.cell} ${one.outcome}`)]),
    [
      ["Xen 4.9", "static passed", "c passed"],
      ["Xen 4.10", "c passed"],
    ],
  );
});

test("summarize() counts what was tried", () => {
  const all = (["passed", "refused", "failed", "not-tried"] as const).map((outcome) =>
    found(outcome, outcome),
  );
  assert.deepEqual(summarize(all), {
    bases: 4,
    cells: 3,
    passed: 1,
    refusedTruthfully: 1,
    failed: 1,
  });
});

test("docs/bases.md shows what docs/bases.json has", () => {
  const docs = fileURLToPath(new URL("../../../docs/", import.meta.url));
  const kept = join(docs, "bases.json");
  assert.ok(existsSync(kept));
  const page = renderPage(readResults(readFileSync(kept, "utf8")));
  assert.equal(readFileSync(join(docs, "bases.md"), "utf8"), page);
});
