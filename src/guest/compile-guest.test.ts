import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { emptyFolder } from "../files/files.test.support.ts";
import { compileGuest } from "./compile-guest.ts";

test("compileGuest() tells a compiler that is not there from one that refuses", async (t) => {
  const folder = emptyFolder(t);
  const source = join(folder, "guest.c");
  writeFileSync(source, '#include "guest.h"\nint main(void) { return 0; }\n');
  for (const compiler of [join(folder, "none"), source]) {
    await assert.rejects(compileGuest(source, 32, { compiler }), /is no program that can be run/);
  }
  await assert.rejects(
    compileGuest(source, 32, { compiler: "false" }),
    /false ended without a word/,
  );
});
