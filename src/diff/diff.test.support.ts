// For the tests of this folder: two C texts become two objects, as a compiler makes them.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ElfObject } from "../elf/object.ts";
import { readElf } from "../elf/read.ts";
import type { DiffOptions } from "./comparison.ts";
import type { FindHomes } from "./correlate/homes.ts";
import { diffObjects, type ObjectDiff } from "./diff-objects.ts";
import { xenSectionPolicy } from "./xen-policy.ts";

export const testPolicy = xenSectionPolicy({ major: 4, minor: 17, point: 5 }, "x86_64", []);

/** Few texts have a variable that the compiler numbers; of those that have, nobody knows its function. */
export const testOptions: DiffOptions = { policy: testPolicy, findHomes: () => () => undefined };

/** For texts that number their variables themselves: `static int count asm("count.7")`. */
export function homesByName(homes: Readonly<Record<string, string>>): FindHomes {
  return () => (symbol) => {
    const functionName = homes[symbol.name];
    return functionName === undefined ? undefined : { functionName };
  };
}

/** What Xen is compiled with, as far as it shapes code and relocations. */
const flags = [
  ..."-std=gnu99 -fomit-frame-pointer -nostdinc -fno-builtin -fno-common -mno-red-zone".split(" "),
  ..."-fpic -fvisibility=hidden -fno-stack-protector -fno-asynchronous-unwind-tables".split(" "),
  ..."-fcf-protection=none -w".split(" "),
];

const split = ["-ffunction-sections", "-fdata-sections"];

type Flavours = readonly (readonly string[])[];

/** Every correlation must hold with and without sections of their own, and at both levels. */
export const flavours: Flavours = [["-O2", ...split], ["-O1", ...split], ["-O2"], ["-O1"]];

/** Where only sections of their own tell. */
export const ownSections = flavours.slice(0, 2);

/** Where the level and the sections make no difference that matters. */
export const twoFlavours = [flavours[0] ?? [], flavours[3] ?? []];

/** Compiles C in a folder that is gone afterwards. */
export function compile(text: string, options: readonly string[] = ["-O2", ...split]): ElfObject {
  return readElf(compileBytes(text, options), "file.c");
}

export function assemble(text: string, fileName = "file.S"): ElfObject {
  return readElf(compileBytes(text, [], fileName), fileName);
}

export function compileBytes(
  text: string,
  options: readonly string[],
  fileName = "file.c",
): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-diff-"));
  try {
    writeFileSync(join(folder, fileName), text);
    execFileSync(
      process.env["XSPLICE_TEST_CC"] ?? "gcc",
      [...flags, ...options, "-c", fileName, "-o", "file.o"],
      {
        cwd: folder,
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    return new Uint8Array(readFileSync(join(folder, "file.o")));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface DiffCase {
  readonly before: string;
  readonly after: string;
  readonly flags?: readonly string[] | undefined;
  readonly options?: Partial<DiffOptions> | undefined;
}

export function diffTexts({ before, after, flags: options, options: more }: DiffCase): ObjectDiff {
  return diffObjects(compile(before, options), compile(after, options), {
    ...testOptions,
    ...more,
  });
}

/** What a test says of a comparison; lists are sorted. */
export interface DiffSummary {
  readonly outcome: ObjectDiff["outcome"];
  readonly replaced: readonly string[];
  readonly added: readonly string[];
  /** `rule name`, for what was refused. */
  readonly refused: readonly string[];
}

export function summaryOf({ outcome, replaced, added, refusals }: ObjectDiff): DiffSummary {
  return {
    outcome,
    replaced: replaced.map(({ after }) => after.name).sort(),
    added: added.map(({ name }) => name).sort(),
    refused: refusals.map(({ disposition, what }) => `${disposition.rule} ${what}`).sort(),
  };
}

export interface ExpectedDiff extends Omit<DiffCase, "flags"> {
  /** Ends the sentence "diffObjects() …". */
  readonly name: string;
  readonly expected: Partial<DiffSummary>;
  /** Instead of those of the whole table. */
  readonly flavours?: Flavours;
}

/** One test for each case, which must hold in all flavours. */
export function checkDiffs(cases: readonly ExpectedDiff[], all: Flavours): void {
  for (const { name, flavours: only, expected, ...texts } of cases) {
    test(`diffObjects() ${name}`, () => {
      for (const flags of only ?? all) {
        const summary = summaryOf(diffTexts({ ...texts, flags }));
        const keys = Object.keys(expected) as (keyof DiffSummary)[];
        const found = Object.fromEntries(keys.map((key) => [key, summary[key]]));
        assert.deepEqual(found, expected, `${flags.join(" ")}: ${JSON.stringify(summary)}`);
      }
    });
  }
}

export const noinline = "__attribute__((noinline))";

/** A file of several functions, of which `body` is one. */
export function fileAround(body: string): string {
  return `
    extern int outside(int); extern int g;
    ${noinline} int one(int x) { return outside(x) + 1; }
    ${body}
    ${noinline} int two(int x) { return outside(x) * 3 + g + one(x); }`;
}

/** One function of that name, whose argument is `x`. */
export const f = (body: string): string => `${noinline} int f(int x) { ${body} }`;
