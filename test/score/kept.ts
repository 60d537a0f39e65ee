// What a run has found out, kept until one of its inputs changes: so ^C loses nothing, and a second run
// goes on where the first one was.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { readKept } from "../../src/files/read-kept.ts";
import { writeWhole } from "../../src/files/write-whole.ts";
import type { ScoredBase } from "./base.ts";
import { type Result, resultSchema } from "./result.ts";

const keptSchema = v.object({ key: v.string(), result: resultSchema });

export class KeptResults {
  readonly #folder: string;
  readonly #tool: string;

  /** @param way how the fixes are built: alone, or in which series */
  constructor(base: ScoredBase, way: string, tool: string) {
    this.#folder = join(base.folder, "results", way);
    this.#tool = tool;
    mkdirSync(this.#folder, { recursive: true });
  }

  /** Where the payload of a fix lies, once it was built. */
  payloadOf(commit: string): string {
    return join(this.#folder, `${commit}.livepatch`);
  }

  /** @param inputs all that the result depends on, besides base and tool */
  find(commit: string, inputs: readonly string[]): Result | undefined {
    const kept = readKept(this.#place(commit), keptSchema);
    return kept?.key === this.#keyOf(inputs) ? kept.result : undefined;
  }

  keep(result: Result, inputs: readonly string[]): void {
    // The command itself did not run to its end: trouble of the machine, or a bug of ours.
    const { answer } = result;
    if (answer.kind === "error" && answer.code.startsWith("exit code")) return;
    const kept = { key: this.#keyOf(inputs), result };
    writeWhole(this.#place(result.commit), JSON.stringify(kept));
  }

  #place(commit: string): string {
    return join(this.#folder, `${commit}.json`);
  }

  #keyOf(inputs: readonly string[]): string {
    return digestOf(JSON.stringify([this.#tool, ...inputs]));
  }
}

/** Of all code of xSplice, which decides every answer. */
export function toolDigest(): string {
  const folder = fileURLToPath(new URL("../../bundle", import.meta.url));
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const code = names.filter((name) => /\.js$/.test(name)).sort();
  const hash = createHash("sha256");
  for (const name of code) hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest("hex");
}

export function digestOf(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}
