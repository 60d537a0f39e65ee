// Builds the cumulative payload of a prefix of a series, for a bisection.

import type { BuiltPrefix } from "../bisect/probe-prefix.ts";
import { BuildError } from "../build-outcome/build-error.ts";
import { buildFix } from "../builder/build.ts";
import type { BuildOptions } from "../builder/build-options.ts";
import { invariant } from "../invariant.ts";
import { causesInShort } from "./text/build-refusals.ts";

/** @throws what buildFix() throws, but for code that does not compile: a fix may need the next one */
export async function buildPrefix(series: BuildOptions, prefix: number): Promise<BuiltPrefix> {
  const { inputs, stacking, label } = series;
  const { patches } = inputs;
  try {
    const { outcome, payload, refusals } = await buildFix({
      ...series,
      inputs: { ...inputs, patches: patches.slice(0, prefix) },
      stacking: { ...stacking, mode: "cumulative" },
      // Makes it another payload than the user's own of the same fixes, which may be loaded.
      label: { ...label, metadata: [...label.metadata, ["bisect", `${prefix}/${patches.length}`]] },
    });
    if (outcome === "unchanged" || outcome === "left-out") return { kind: "unchanged" };
    if (outcome === "refused") {
      const words = causesInShort(refusals).join("; ");
      return { kind: "refused", words: `it cannot be built: ${words}` };
    }
    invariant(payload !== undefined, "what is built has a payload");
    return { kind: "built", bytes: payload.bytes };
  } catch (error) {
    const isHalf = error instanceof BuildError && error.report.code === "build/compile-failed";
    if (!isHalf) throw error;
    return { kind: "refused", words: `it cannot be built: ${error.report.problem}` };
  }
}
