import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openElf } from "../elf/open.ts";
import { findRegions } from "../source-patch/line-regions.ts";
import { lineRuleFor } from "./lines.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-lines-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const before = `int use(int);
static inline __attribute__((always_inline)) int inner(int x)
{
    return use(__LINE__ + x);
}

int outer(int x)
{
    return inner(x) + 1;
}

int other(int x)
{
    return use(x);
}
`;
const fixed = `/* one\n * two */\n${before}`;
writeFileSync(join(folder, "lines.c"), before);
execFileSync("gcc", ["-O2", "-g", "-c", "lines.c", "-o", "lines.o"], { cwd: folder });
const object = openElf(new Uint8Array(readFileSync(join(folder, "lines.o"))), "lines.o");
const regions = findRegions(before, fixed);
const plain = { "lines.c": { kind: "plain" as const, reason: "a doubt", regions } };

test("lineRuleFor() knows lines of a function, and of what was inlined into it", () => {
  const isSameLine = lineRuleFor(object, ["lines.c"], plain);
  assert.ok(isSameLine);
  assert.ok(isSameLine(4, 6, "outer"));
  assert.ok(isSameLine(9, 11, "outer.constprop.0"));
  assert.ok(isSameLine(14, 16, "other"));
});

test("lineRuleFor() takes no other number for a line", () => {
  const isSameLine = lineRuleFor(object, ["lines.c"], plain);
  assert.ok(isSameLine);
  assert.equal(isSameLine(4, 5, "outer"), false);
  assert.equal(isSameLine(4, 6, "other"), false);
  assert.equal(isSameLine(14, 16, "outer"), false);
  assert.equal(isSameLine(14, 16, "unknown"), false);
});

test("lineRuleFor() has no rule where every line kept its number", () => {
  assert.equal(
    lineRuleFor(object, ["lines.c"], { "lines.c": { kind: "neutral", regions } }),
    undefined,
  );
  assert.equal(lineRuleFor(object, ["elsewhere.h"], plain), undefined);
});
