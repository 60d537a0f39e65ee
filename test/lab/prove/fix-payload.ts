// A payload of Debian's 4.17 from the fix beside a trigger. Not a test.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { shareFile } from "../../../src/lab/share-file.ts";
import { fetchCorpusSource } from "../build-corpus-source.ts";
import { buildCorpusFix } from "../corpus-fix.ts";

export async function writeFixPayload(trigger: string, path: string): Promise<void> {
  const name = shareFile(`triggers/${trigger}/fix.patch`);
  const patches = [{ name, bytes: readFileSync(name) }];
  const { payload } = await buildCorpusFix(await fetchCorpusSource(), { patches });
  assert.ok(payload, `the fix of ${trigger} was not built`);
  writeFileSync(path, payload.bytes);
}
