// What a new payload is to lie on, and how it stands among others: options of `build` and `compile`.

import { parseHex } from "../../bytes/hex.ts";
import {
  type GuardLevel,
  guardLevels,
  type PayloadMode,
  payloadModes,
} from "../../payload/metadata-keys.ts";
import type { Foundation } from "../../running/payload-below.ts";
import type { PreviousPayload } from "../../stacking/cumulative.ts";
import { PAYLOAD_SIZE_MAX } from "../../xen-abi/limits.ts";
import { readInputFile } from "../read-input-file.ts";
import type { CommandCall, OptionSpec } from "../spec.ts";
import { UsageError } from "../usage-error.ts";

export const foundationOptionSpecs: readonly OptionSpec[] = [
  {
    flags: "--on FILE",
    description: "a payload that it is to lie on; again for all, in the order of their application",
    repeatable: "yes",
    completes: "file",
  },
  {
    flags: "--depends BELOW",
    description: "as --on, or a bare build-id: what lies there is then not known (--guard none)",
    completes: "file",
  },
];

export const modeOptionSpec: OptionSpec = {
  flags: "--mode MODE",
  description: "stack, cumulative (in place of all others) or independent (any order)",
  completes: payloadModes,
};

export const guardOptionSpec: OptionSpec = {
  flags: "--guard LEVEL",
  description:
    "old code that Xen compares before it applies: full, entry or none (default: full where the release can)",
  completes: guardLevels,
};

export interface StackingOptions {
  readonly foundation: Foundation;
  readonly mode: PayloadMode;
  /** `undefined` when nothing was said. */
  readonly guard: GuardLevel | undefined;
}

/** @throws UsageError, InputFileError, PayloadError, ElfError */
export async function readStackingOptions({ options, io }: CommandCall): Promise<StackingOptions> {
  const depends = options.text("depends");
  const isBuildId = depends !== undefined && /^([0-9a-f]{2}){8,32}$/i.test(depends);
  const files = [...options.texts("on"), ...(depends === undefined || isBuildId ? [] : [depends])];
  const payloads = await Promise.all(files.map((path) => readPayloadFile(path, io.signal)));
  return {
    foundation: { payloads, buildId: isBuildId ? parseHex(depends) : undefined },
    mode: oneOf("mode", options.text("mode"), payloadModes) ?? "stack",
    guard: oneOf("guard", options.text("guard"), guardLevels),
  };
}

/** @throws InputFileError, PayloadError, ElfError */
export async function readPayloadFile(path: string, signal: AbortSignal): Promise<PreviousPayload> {
  const reason = "the hypervisor's limit for a payload";
  const bytes = await readInputFile(path, { sizeMax: PAYLOAD_SIZE_MAX, reason, signal });
  const { readPayloadBelow } = await import("../../running/payload-below.ts");
  return { ...readPayloadBelow(bytes, path), bytes };
}

function oneOf<Choice extends string>(
  option: string,
  text: string | undefined,
  choices: readonly Choice[],
): Choice | undefined {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined || text === undefined) return found;
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot use ${JSON.stringify(text)} for --${option}: there is no such ${option}`,
    expected: choices.join(", "),
  });
}
