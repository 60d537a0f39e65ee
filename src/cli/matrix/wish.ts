// What a matrix makes for each base, read from the command line before the first base is opened.

import { availableParallelism } from "node:os";
import { basename } from "node:path";
import type { AllowedNames, PayloadLabel } from "../../builder/build-options.ts";
import { sha256 } from "../../bytes/sha256.ts";
import type { InputFile } from "../../matrix/cell.ts";
import { type Layout, layouts } from "../../matrix/places.ts";
import {
  type GuardLevel,
  guardLevels,
  type PayloadMode,
  payloadModes,
} from "../../payload/metadata-keys.ts";
import { findTrigger } from "../../prove/find-trigger.ts";
import type { Trigger } from "../../prove/trigger.ts";
import type { PatchInput } from "../../source-patch/patch-file.ts";
import { nameOfPatch, readAllowed, readLabel } from "../options/build.ts";
import { readPatches, readSeries, readText } from "../options/patches.ts";
import { checkPayloadName } from "../options/payload-name.ts";
import type { CommandCall } from "../spec.ts";
import { UsageError } from "../usage-error.ts";

export interface MatrixWish {
  /** Of the command line; a base may have its own series instead. */
  readonly patches: readonly PatchInput[];
  readonly pristine: readonly PatchInput[];
  readonly fuzz: number | undefined;
  readonly hooks: readonly (InputFile & { readonly path: string })[];
  readonly mode: PayloadMode;
  readonly guard: GuardLevel | undefined;
  readonly allowed: AllowedNames;
  readonly label: PayloadLabel;
  readonly sandbox: "auto" | "none";
  readonly jobs: number;
  /** How many bases are built at the same time, and with how many compilers each. */
  readonly atOnce: number;
  readonly layout: Layout;
  readonly to: string | undefined;
  /** Of the payload, where the layout gives it none. */
  readonly name: string | undefined;
  readonly trigger: Trigger | undefined;
  readonly repeat: number;
  /** Of the results. */
  readonly folder: string;
}

/** @throws UsageError, InputFileError, ProveError */
export async function readWish(call: CommandCall): Promise<MatrixWish> {
  const { options } = call;
  const layout = options.choice("layout", layouts) ?? "plain";
  const series = options.text("series");
  const names = [
    ...(series === undefined ? [] : await readSeries(series)),
    ...options.texts("patch"),
  ];
  const fuzz = options.number("fuzz");
  const jobs = options.number("jobs") ?? availableParallelism();
  const trigger = options.text("prove");
  const last = names.at(-1);
  const name = options.text("payload-name") ?? (last && nameOfPatch(last));
  if (name !== undefined) requireName(name);
  return {
    patches: (await readPatches(names)).map((patch) => ({ ...patch, fuzz })),
    pristine: await readPatches(options.texts("pristine")),
    fuzz,
    hooks: await Promise.all(
      options.texts("hooks").map(async (path) => {
        return { path, name: basename(path), sha256: sha256(await readText(path)) };
      }),
    ),
    // The toolstack applies by REPLACE, so a payload has to have all fixes.
    mode: options.choice("mode", payloadModes) ?? (layout === "xenserver" ? "cumulative" : "stack"),
    guard: options.choice("guard", guardLevels),
    allowed: readAllowed(options),
    label: readLabel(options),
    sandbox: options.text("sandbox") === "none" ? "none" : "auto",
    jobs,
    // One base leaves cores idle while its payload is linked.
    atOnce: Math.max(1, Math.floor(jobs / 2)),
    layout,
    to: options.text("to"),
    name,
    trigger: trigger === undefined ? undefined : findTrigger(trigger),
    repeat: options.number("repeat") ?? 1,
    folder: options.text("output") ?? "matrix",
  };
}

/** It becomes the name of files, in a depot, too. */
function requireName(name: string): void {
  checkPayloadName(name);
  if (/^[A-Za-z0-9_+][\w.+@-]{0,110}$/.test(name)) return;
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot name payloads "${name}"`,
    where: "--payload-name",
    expected: "letters, digits, . _ + @ and -, at most 111, no dot or dash first",
  });
}
