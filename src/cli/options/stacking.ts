// What a new payload is stacked on, and how it is combined with others: options of `build` and
// `compile`.

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
import type { OptionSpec } from "../option-spec.ts";
import { readInputFile } from "../read-input-file.ts";
import type { CommandCall } from "../spec.ts";

export const foundationOptionSpecs: readonly OptionSpec[] = [
  {
    name: "on",
    value: "FILE",
    description: "a payload below this one; repeat, lowest first",
    repeatable: "yes",
    completes: "file",
  },
  {
    name: "depends",
    value: "BELOW",
    description:
      "like --on, or only a build-id; then nothing is known about the payload below (--guard none)",
    completes: "file",
  },
];

export const modeOptionSpec: OptionSpec = {
  name: "mode",
  value: "MODE",
  description: "stack, cumulative (replaces all others) or independent (any order)",
  choices: payloadModes,
};

export const guardOptionSpec: OptionSpec = {
  name: "guard",
  value: "LEVEL",
  description: "how much old code Xen compares before it applies: full, entry or none",
  choices: guardLevels,
  default: "full if the release supports it",
};

export interface StackingOptions {
  readonly foundation: Foundation;
  readonly mode: PayloadMode;
  /** `undefined` when the option was not given. */
  readonly guard: GuardLevel | undefined;
}

/** @throws InputFileError, PayloadError, ElfError */
export async function readStackingOptions({ options, io }: CommandCall): Promise<StackingOptions> {
  const depends = options.text("depends");
  const isBuildId = depends !== undefined && /^([0-9a-f]{2}){8,32}$/i.test(depends);
  const files = [...options.texts("on"), ...(depends === undefined || isBuildId ? [] : [depends])];
  const payloads = await Promise.all(files.map((path) => readPayloadFile(path, io.signal)));
  return {
    foundation: { payloads, buildId: isBuildId ? parseHex(depends) : undefined },
    mode: options.choice("mode", payloadModes) ?? "stack",
    guard: options.choice("guard", guardLevels),
  };
}

/** @throws InputFileError, PayloadError, ElfError */
export async function readPayloadFile(path: string, signal: AbortSignal): Promise<PreviousPayload> {
  const reason = "the hypervisor's limit for a payload";
  const bytes = await readInputFile(path, { sizeMax: PAYLOAD_SIZE_MAX, reason, signal });
  const { readPayloadBelow } = await import("../../running/payload-below.ts");
  return { ...readPayloadBelow(bytes, path), bytes };
}
