// A fix built for the Xen of the corpus, and what of it must differ from the plainest build. Not a test.

import { readFileSync } from "node:fs";
import { buildFix } from "../../src/builder/build.ts";
import type { BuildOptions } from "../../src/builder/build-options.ts";
import type { BuiltFix } from "../../src/builder/built-fix.ts";
import type { PayloadMode } from "../../src/payload/metadata-keys.ts";
import { readPayloadBelow } from "../../src/running/payload-below.ts";
import type { CorpusSource } from "./build-corpus-source.ts";

interface CorpusFix {
  readonly patches: BuildOptions["inputs"]["patches"];
  readonly mode?: PayloadMode;
  /** The lowest first. */
  readonly below?: readonly Uint8Array[];
  readonly layouts?: readonly string[];
}

export function buildCorpusFix(
  { source, xenSyms, config }: CorpusSource,
  { patches, mode = "stack", below = [], layouts = [] }: CorpusFix,
): Promise<BuiltFix> {
  const payloads = below.map((bytes) => readPayloadBelow(bytes, "below"));
  return buildFix({
    inputs: {
      source,
      xenSyms: { name: xenSyms, bytes: new Uint8Array(readFileSync(xenSyms)) },
      config: { name: config, text: readFileSync(config, "utf8") },
      patches,
      hooks: [],
    },
    stacking: {
      mode,
      foundation: { payloads, buildId: undefined },
      basePatches: [],
      guard: undefined,
      previous: undefined,
    },
    allowed: { init: [], unsafe: [], layouts, freshData: [] },
    label: { title: undefined, metadata: [], toolVersion: "test", patches: "texts" },
    run: { compiler: undefined, jobs: 2 },
  });
}
