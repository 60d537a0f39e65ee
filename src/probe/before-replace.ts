// The probe before every replace: Xen compares old code only after it has reverted all others, and
// cannot undo that.

import type { ActOptions, LivepatchHost } from "../host/host.ts";
import type { Payload } from "../payload/payload.ts";
import { ProbeError } from "./errors.ts";
import { probeHost } from "./probe.ts";
import { describeDifference } from "./words.ts";

export type BeforeReplace =
  | { readonly kind: "as-expected" }
  /** `words`: lines that show the code on both sides. */
  | { readonly kind: "different"; readonly words: string }
  /** Nothing can be compared: only Xen's own check is left. */
  | { readonly kind: "unknown"; readonly reason: string };

/** @throws ProbeError, HostError */
export async function askBeforeReplace(
  host: LivepatchHost,
  payload: Payload,
  options: Omit<ActOptions, "dependencyCheck">,
): Promise<BeforeReplace> {
  try {
    const result = await probeHost(host, { payload, purpose: "replace" }, options);
    if (result.kind === "as-expected") return { kind: "as-expected" };
    const { architecture } = payload;
    const lines = result.differences.flatMap((one) => describeDifference(one, architecture));
    return { kind: "different", words: lines.join("\n") };
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error;
    const { code, problem } = error.report;
    if (code !== "probe/nothing-to-compare" && code !== "probe/unsupported") throw error;
    return { kind: "unknown", reason: problem };
  }
}
