import assert from "node:assert/strict";
import { test } from "node:test";
import { BuildError, requireUsablePlace } from "./build-error.ts";

test("requireUsablePlace() refuses what Xen's make files cannot work in, and says what to set", () => {
  for (const place of ["/home/some one/.cache/xsplice", "/mnt/c:/xsplice", "/a\tb"]) {
    assert.throws(
      () => requireUsablePlace(place),
      (error) => error instanceof BuildError && /XDG_CACHE_HOME/.test(error.report.remedy ?? ""),
      place,
    );
  }
  requireUsablePlace("/home/o'neill/.cache/xsplice-1.0");
});
