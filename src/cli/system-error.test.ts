import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { test } from "node:test";
import { asSystemError } from "./system-error.ts";

function errorOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

for (const [place, state] of [
  ["/nonexistent", "there is no such directory"],
  ["/dev/null", "a path component is not a directory"],
]) {
  test(`asSystemError() says what is wrong with ${place} as a directory for temporary files`, () => {
    const told = asSystemError(
      errorOf(() => mkdtempSync(`${place}/xsplice-`)),
      "/cache/xsplice",
    );
    assert.equal(told?.report.problem, `Cannot go on: ${state}`);
    assert.match(told?.report.remedy ?? "", /TMPDIR/);
  });
}

test("asSystemError() leaves a path outside of the cache that is not there: it may be a bug", () => {
  const missing = Object.assign(new Error("x"), { code: "ENOENT", syscall: "open" });
  const pathOf = (path: string) =>
    asSystemError(Object.assign(missing, { path }), "/cache/xsplice");
  assert.equal(pathOf("/cache/xsplice-other/file"), undefined);
  assert.equal(pathOf("/cache/xsplice/file")?.report.code, "system/cache-changed");
});
