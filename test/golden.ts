// Files that are made from the code and kept beside it, for people to read and to review.
// UPDATE_GOLDEN=1 writes them anew; without it, a difference is a failure.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The whole file. */
export function expectGoldenFile(path: string, text: string): void {
  expectPart(path, () => text);
}

/** What stands between two lines of a page that the rest of is written by hand. */
export function expectGoldenBlock(
  path: string,
  marks: { readonly begin: RegExp; readonly end: RegExp },
  text: string,
): void {
  expectPart(path, (page) => {
    const begin = marks.begin.exec(page);
    const end = marks.end.exec(page);
    assert.ok(begin && end && begin.index < end.index, `${path} lacks its marks`);
    return `${page.slice(0, begin.index + begin[0].length)}\n${text}${page.slice(end.index)}`;
  });
}

function expectPart(path: string, wanted: (page: string) => string): void {
  const file = join(root, path);
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, wanted(readIfThere(file)));
    return;
  }
  const page = readIfThere(file);
  assert.equal(page, wanted(page), `${path} is out of date: UPDATE_GOLDEN=1 renews it`);
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
