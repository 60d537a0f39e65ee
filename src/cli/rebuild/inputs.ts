// What a payload is built from again: what it carries itself, and what was given for what it does not.

import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, normalize } from "node:path";
import type { AllowedNames, BuildOptions } from "../../builder/build-options.ts";
import { sha256 } from "../../bytes/sha256.ts";
import type { OriginPatch } from "../../payload/made-from/origin.ts";
import { type AllowedOption, allowedInReport } from "../../rebuild/allowed-in-report.ts";
import { RebuildError } from "../../rebuild/errors.ts";
import type { Recipe } from "../../rebuild/recipe.ts";
import type { PatchInput } from "../../source-patch/patch-file.ts";
import { readSourceInputs } from "../options/build-source.ts";
import { readPatches, readText } from "../options/patches.ts";
import { readPayloadFile } from "../options/stacking.ts";
import type { CommandCall } from "../spec.ts";
import { UsageError } from "../usage-error.ts";
import { packageVersion } from "../version.ts";

interface Surroundings {
  /** An empty directory, for files with hooks. */
  readonly work: string;
  /** Of the build, where there is one. */
  readonly report: string | undefined;
}

/** @throws RebuildError, UsageError, InputFileError */
export async function rebuildOptions(
  call: CommandCall,
  recipe: Recipe,
  { work, report }: Surroundings,
): Promise<BuildOptions> {
  const { options } = call;
  const { inputs, run } = await readSourceInputs(call);
  const { origin, mode, guard, title, metadata } = recipe;
  const below = await Promise.all(
    options.texts("on").map((path) => readPayloadFile(path, call.io.signal)),
  );
  requireBelow(
    recipe,
    below.map(({ payload }) => payload.buildId),
  );
  const given = [
    ...(await readPatches(options.texts("patch"))),
    ...(await readPatches(options.texts("pristine"))),
  ];
  requireKnown(given, [...origin.patches, ...(origin.pristine ?? [])]);
  const carried = origin.patches.some(({ bytes }) => bytes !== undefined) ? "texts" : "digests";
  return {
    inputs: {
      ...inputs,
      patches: origin.patches.map((patch) => patchOf(patch, given)),
      pristine: (origin.pristine ?? []).map((patch) => patchOf(patch, given)),
      hooks: hooksOf(recipe, options.texts("hooks"), work),
    },
    stacking: {
      mode,
      guard,
      foundation: { payloads: below, buildId: undefined },
      basePatches: await readPatches(options.texts("base-patch")),
      previous: undefined,
    },
    allowed: await allowedNames(call, recipe, report),
    label: { title, metadata, toolVersion: packageVersion(), patches: carried },
    run,
  };
}

/** Digests of the hooks that a build takes. */
export async function digestsOfHooks({ inputs }: BuildOptions): Promise<readonly string[]> {
  return Promise.all(inputs.hooks.map(async (path) => sha256(await readText(path))));
}

function patchOf(patch: OriginPatch, given: readonly PatchInput[]): PatchInput {
  const { name, sha256: digest, bytes, fuzz } = patch;
  const own = given.find((one) => basename(one.name) === name);
  const found = own?.bytes ?? given.find((one) => sha256(one.bytes) === digest)?.bytes ?? bytes;
  if (found !== undefined) return { name, bytes: found, fuzz };
  throw missing(`the patch "${name}" is not in it`, `SHA-256 ${digest}`, "give it by --patch");
}

/** A patch under another name would silently not be used. */
function requireKnown(given: readonly PatchInput[], recorded: readonly OriginPatch[]): void {
  const unknown = given.find(
    ({ name, bytes }) =>
      !recorded.some((one) => one.name === basename(name) || one.sha256 === sha256(bytes)),
  );
  if (unknown === undefined) return;
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot build with "${unknown.name}": the payload was made from no such patch`,
    expected: `one of ${recorded.map(({ name }) => name).join(", ")}`,
  });
}

function requireBelow({ below }: Recipe, given: readonly string[]): void {
  const absent = below.find((id) => !given.includes(id));
  if (absent === undefined) return;
  throw missing(
    "a payload that it was built on is needed",
    `build-id ${absent}`,
    "give it by --on",
  );
}

/** From files that are given, or from the texts that it carries. */
function hooksOf(recipe: Recipe, given: readonly string[], work: string): readonly string[] {
  if (given.length > 0) return given;
  const files = recipe.sources?.files ?? [];
  const hooks: string[] = [];
  for (const { name, bytes, sha256: digest } of files) {
    const isHook = name.endsWith(".c");
    if (bytes === undefined) {
      if (!isHook) continue; // A header that lies elsewhere.
      throw missing(`the file "${name}" is not in it`, `SHA-256 ${digest}`, "give it by --hooks");
    }
    if (isAbsolute(name) || normalize(name).startsWith("..")) {
      throw missing(`the file "${name}" would be written elsewhere`, name, "give it by --hooks");
    }
    const place = join(work, name);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, bytes);
    if (isHook) hooks.push(place);
  }
  return hooks;
}

/** Those of the command line, of the build's report, and what the payload itself says. */
async function allowedNames(
  { options }: CommandCall,
  recipe: Recipe,
  report: string | undefined,
): Promise<AllowedNames> {
  const reported = await reportedOptions(report);
  const of = (option: string) => [
    ...options.texts(option),
    ...reported.flatMap(([name, value]) => (name === `--${option}` ? value : [])),
  ];
  return {
    init: of("allow-init"),
    unsafe: [...of("allow-unsafe"), ...recipe.unsafe],
    layouts: of("allow-layout"),
    freshData: of("allow-fresh-data"),
  };
}

async function reportedOptions(path: string | undefined): Promise<readonly AllowedOption[]> {
  if (path === undefined) return [];
  const decoded = allowedInReport(Buffer.from(await readText(path)).toString());
  if (decoded.kind === "value") return decoded.value;
  const state = `its report cannot be read: ${decoded.problem}`;
  throw missing(state, path, "give the report of its build");
}

function missing(state: string, where: string, remedy: string): RebuildError {
  return new RebuildError({
    code: "rebuild/missing-input",
    problem: `Cannot build the payload again: ${state}`,
    where,
    remedy,
  });
}
