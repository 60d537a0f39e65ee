import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { OptionValues } from "../option-values.ts";
import type { CommandCall } from "../spec.ts";
import { patchNames } from "./patches.ts";

function namesIn(t: TestContext, series: string): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-series-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "series");
  writeFileSync(path, series.replaceAll("FOLDER", folder));
  const options = new OptionValues(new Map([["series", [path]]]));
  const io = { signal: new AbortController().signal };
  return patchNames({ options, io } as unknown as CommandCall).then((names) =>
    names.map((name) => name.replace(folder, "FOLDER")),
  );
}

test("patchNames() takes a path of a series from its own folder, and an absolute one as it is", async (t) => {
  const series =
    "# first\nfix.patch\nsub/more.patch -p1 # why\n\n/elsewhere/fix.patch\nFOLDER/own.patch\n";
  assert.deepEqual(await namesIn(t, series), [
    "FOLDER/fix.patch",
    "FOLDER/sub/more.patch",
    "/elsewhere/fix.patch",
    "FOLDER/own.patch",
  ]);
});

test("patchNames() refuses an option of a series that it does not know, with its line", async (t) => {
  await assert.rejects(namesIn(t, "fix.patch\nback.patch -R\n"), /series, line 2/);
});
