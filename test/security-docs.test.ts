// docs/security.md says what holds, and each row of it names the test that shows so.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(join(root, "docs/security.md"), "utf8");
const holds = page.slice(page.indexOf("## What holds"), page.indexOf("## What does not hold"));

test("docs/security.md names for each attack a test that is there", () => {
  const rows = holds.split("\n").filter((line) => /^\| (?!---|attack \|)/.test(line));
  assert.ok(rows.length > 25);
  for (const row of rows) {
    const [, name = "", file = ""] =
      /`([^`]+)`, \[[^\]]+\]\(\.\.\/([^)]+\.test\.ts)\) \|$/.exec(row) ?? [];
    assert.notEqual(name, "", row);
    const text = readFileSync(join(root, file), "utf8");
    // Names with the kind of attack in them come from a template.
    assert.ok(text.includes(name) || text.includes(name.replace(/^(an? \w+) .*/, "$1")), row);
  }
});
