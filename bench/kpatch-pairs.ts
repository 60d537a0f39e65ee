// The pairs of objects in kpatch's unit tests: how the comparison and kpatch's own tool answer.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { linuxLayoutOf } from "../examples/linux/layout.ts";
import { isLinuxLine } from "../examples/linux/lines.ts";
import { linuxSectionPolicy } from "../examples/linux/policy.ts";
import { type Atom, diffObjects } from "../src/diff/mod.ts";
import { readElf } from "../src/elf/mod.ts";
import { invariant } from "../src/invariant.ts";
import type { Answer } from "./kpatch-answers.ts";

export interface Pair {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/** Of a folder as kpatch-unit-test-objs has them; those that kpatch must refuse have FAIL in their name. */
export function pairsIn(folder: string): readonly Pair[] {
  const names = readdirSync(folder).filter((file) => file.endsWith(".ORIG.o"));
  invariant(names.length > 0, `${folder} has no file NAME.ORIG.o`);
  return names.sort().map((file) => {
    const name = file.slice(0, -".ORIG.o".length);
    const path = (suffix: string): string => join(folder, `${name}.${suffix}`);
    const after = ["PATCHED.o", "PATCHED.FAIL.o"].map(path).find((one) => existsSync(one));
    invariant(after !== undefined, `${folder} has no object after the patch for ${file}`);
    return { name, before: path("ORIG.o"), after };
  });
}

export interface OwnAnswer extends Required<Omit<Answer, "differs">> {
  /** Of refusals, and of what is replaced. */
  readonly reasons: readonly string[];
}

/**
 * The objects have no debug information, which alone tells in which function a static variable was
 * declared. As kpatch does, the comparison takes what uses them for evidence: they are said to be
 * declared all in one place.
 */
export function comparePair({ before: beforePath, after }: Pair): OwnAnswer {
  const before = readElf(readFileSync(beforePath), beforePath);
  const { outcome, replaced, added, refusals } = diffObjects(
    before,
    readElf(readFileSync(after), after),
    {
      policy: linuxSectionPolicy(linuxLayoutOf(before)),
      findHomes: () => () => ({ functionName: "unknown" }),
      isSameLine: isLinuxLine,
    },
  );
  return {
    outcome,
    changed: replaced.map((one) => one.before.name).sort(),
    added: added
      .filter(isWholeFunction)
      .map(({ name }) => name)
      .sort(),
    reasons: [
      ...refusals.map(({ what, reasons }) => `refused ${what}: ${reasons.join("; ")}`),
      ...replaced.map((one) => `replaces ${one.before.name}: ${one.reasons.join("; ")}`),
    ],
  };
}

/** Not what the compiler split off a function. */
function isWholeFunction({ kind, name }: Atom): boolean {
  return kind === "function" && !/\.(cold|part)(\.|$)/.test(name);
}

/** Sizes of structures, of the kernels that the pairs are of: kpatch's makefile for them says them. */
const structSizes = {
  PARA_STRUCT_SIZE: "16",
  EX_STRUCT_SIZE: "12",
  BUG_STRUCT_SIZE: "12",
  ALT_STRUCT_SIZE: "13",
  JUMP_STRUCT_SIZE: "24",
  ORC_STRUCT_SIZE: "6",
  STATIC_CALL_STRUCT_SIZE: "8",
  PRINTK_INDEX_STRUCT_SIZE: "44",
};

/** The tool wants the symbols as readelf lists them, and writes an object. */
export function prepareForTool({ name, before }: Pair, folder: string): void {
  const { stdout } = spawnSync("readelf", ["-s", "--wide", before], { maxBuffer: 1 << 30 });
  writeFileSync(join(folder, `${name}.symtab`), stdout);
}

export function askTool(tool: string, { name, before, after }: Pair, folder: string): Answer {
  const more = before.replace(/ORIG\.o$/, "env");
  const own = existsSync(more) ? readFileSync(more, "utf8").trim().split("=") : [];
  const [key = "UNUSED", value = ""] = own;
  const symbols = join(folder, `${name}.symtab`);
  const args = [before, after, "vmlinux", symbols, "/dev/null", "test", join(folder, "output.o")];
  const env = { ...process.env, ...structSizes, [key]: value };
  const { status, stdout, error } = spawnSync(tool, args, { env, encoding: "utf8" });
  if (error !== undefined) throw error;
  const named = (what: string): readonly string[] =>
    [...stdout.matchAll(new RegExp(`${what} function: (\\S+)`, "g"))]
      .map(([, found = ""]) => found)
      .sort();
  return {
    outcome: status === 0 ? "patchable" : status === 3 ? "unchanged" : "refused",
    changed: named("changed"),
    added: named("new"),
  };
}
