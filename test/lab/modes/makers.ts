// Makes the payloads of modes.test.ts, which change what Xen answers to two calls: from source patches
// where the source is there, from hand-written C for other releases. Not a test.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createTwoFilesPatch } from "diff";
import { toHex } from "../../../src/bytes/hex.ts";
import { compilePayload } from "../../../src/compile/compile.ts";
import type { PayloadMode } from "../../../src/payload/metadata-keys.ts";
import { type Foundation, readPayloadBelow } from "../../../src/running/payload-below.ts";
import type { CorpusSource } from "../build-corpus-source.ts";
import { type Bench, sourceFile } from "../compile-bench.ts";
import { buildCorpusFix } from "../corpus-fix.ts";

/** What the functions answer; those that are not named stay as they are. */
interface Answers {
  readonly extra?: string;
  readonly changeset?: string;
}

/** A payload, and what the source says with all fixes up to it. */
export interface MadePayload {
  readonly bytes: Uint8Array;
  readonly answers: Answers;
}

/** From one state of the answers to the next, on payloads that are applied already. */
export type MakePayload = (
  mode: PayloadMode,
  answers: Answers,
  below: readonly MadePayload[],
) => Promise<MadePayload>;

export function makerFromC(bench: Bench): MakePayload {
  return async (mode, answers, below) => {
    const functions = [
      ["xen_extra_version", answers.extra],
      ["xen_changeset", answers.changeset],
    ].flatMap(([name, text]) =>
      text === undefined ? [] : `const char *${name}(void) { return "${text}"; }`,
    );
    const { bytes } = await compilePayload({
      inputs: { sources: [sourceFile(functions.join("\n"))], replace: [] },
      target: { xen: bench.xen, release: undefined },
      stacking: { mode, guard: "full", foundation: foundationOf(below) },
      compiler: { command: undefined, extraFlags: [] },
      metadata: [],
    });
    return { bytes, answers };
  };
}

/** Several scenarios ask for the same payload, and a build takes seconds. */
export function onceEach(make: MakePayload): MakePayload {
  const made = new Map<string, Promise<MadePayload>>();
  return (mode, answers, below) => {
    const key = JSON.stringify([mode, answers, below.map(({ bytes }) => toHex(bytes))]);
    const known = made.get(key) ?? make(mode, answers, below);
    made.set(key, known);
    return known;
  };
}

const file = "xen/common/version.c";

export function makerFromPatches(source: CorpusSource): MakePayload {
  const text = versionFile(source);
  return async (mode, answers, below) => {
    const known = Object.assign({}, ...below.map((made) => made.answers));
    const all = { ...known, ...answers };
    const change = { from: textWith(text, known), to: textWith(text, all) };
    return { bytes: await buildChange(source, { mode, change, below }), answers: all };
  };
}

export function versionFile({ source }: CorpusSource): string {
  return readFileSync(join(source, file), "utf8");
}

export interface ChangeOfFile {
  readonly mode: PayloadMode;
  /** Texts of the file with the functions that the calls ask. */
  readonly change: { readonly from: string; readonly to: string };
  readonly below: readonly Pick<MadePayload, "bytes">[];
}

export async function buildChange(
  source: CorpusSource,
  { mode, change: { from, to }, below }: ChangeOfFile,
): Promise<Uint8Array> {
  const patch = createTwoFilesPatch(`a/${file}`, `b/${file}`, from, to);
  const { payload, refusals } = await buildCorpusFix(source, {
    patches: [{ name: "fix.patch", bytes: Buffer.from(patch) }],
    mode,
    below: below.map(({ bytes }) => bytes),
  });
  assert.deepEqual(refusals, []);
  assert.ok(payload);
  return payload.bytes;
}

function foundationOf(below: readonly Pick<MadePayload, "bytes">[]): Foundation {
  const payloads = below.map(({ bytes }) => readPayloadBelow(bytes, "below"));
  return { payloads, buildId: undefined };
}

function textWith(text: string, { extra, changeset }: Answers): string {
  const change = (from: string, to: string | undefined) => (known: string) =>
    to === undefined ? known : known.replace(`return ${from};`, `return "${to}";`);
  const changed = [change("XEN_EXTRAVERSION", extra), change("XEN_CHANGESET", changeset)].reduce(
    (known, apply) => apply(known),
    text,
  );
  return changed;
}
