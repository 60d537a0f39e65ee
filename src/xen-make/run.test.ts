import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { BuildError } from "../build-outcome/build-error.ts";
import { emptyFolder } from "../files/files.test.support.ts";
import { runMake } from "./run.ts";

/** With a make that says this, and ends with 2. */
function runMakeThatSays(t: TestContext, said: string) {
  const folder = emptyFolder(t);
  writeFileSync(join(folder, "said"), said);
  writeFileSync(join(folder, "make"), `#!/bin/sh\ncat ${folder}/said >&2\nexit 2\n`, {
    mode: 0o755,
  });
  const tools = {
    environment: { PATH: `${folder}:${process.env["PATH"]}` },
    variables: [],
    compiler: "gcc",
    compilerVersion: "",
    sandbox: { kind: "none", because: "it was not wanted", isWanted: true },
  } as const;
  return runMake({ tree: folder, tools, goals: [], jobs: 1 });
}

const manyErrors = "x.c:1: error: expected ;\n".repeat(40);

test("runMake() says of a disk that is full that it is full, not that the source is wrong", async (t) => {
  const said = `${manyErrors}x.c:3: fatal error: closing dependency file .x.o.d: No space left on device\n`;
  const isFull = (error: unknown) =>
    error instanceof BuildError &&
    error.report.code === "build/cannot-store" &&
    /TMPDIR/.test(error.report.remedy ?? "");
  await assert.rejects(runMakeThatSays(t, said), isFull);
});

test("runMake() leaves what else make says to its caller", async (t) => {
  const { exitCode, stderr } = await runMakeThatSays(t, manyErrors);
  assert.deepEqual([exitCode, stderr], [2, manyErrors]);
});
