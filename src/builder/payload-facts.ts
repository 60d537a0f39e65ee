// The payload's description of itself: what it was made from, and how Xen must read it.

import { basename } from "node:path";
import { sha256 } from "../bytes/sha256.ts";
import type { PreparedSource } from "../pairs/prepared-pairs.ts";
import type { EmitInput } from "../payload/emit/input.ts";
import { originPatch, type PayloadOrigin, withoutTexts } from "../payload/made-from/origin.ts";
import type { PayloadSources } from "../payload/made-from/sources.ts";
import type { DecidedStacking } from "../stacking/decide.ts";
import { wantsWritableFuncs } from "../xen-abi/features.ts";
import type { BuildInputs, Metadata, PayloadLabel } from "./build-options.ts";
import type { CompiledHooks } from "./hooks/compile-hooks.ts";
import type { HookFiles } from "./hooks/hook-files.ts";
import type { Target } from "./target.ts";

/** The emitter's input about the payload as a whole. */
export type PayloadFacts = Omit<
  EmitInput,
  "objects" | "replacements" | "guards" | "hooks" | "newNames"
>;

export function originOf(
  { config, patches, pristine = [] }: Pick<BuildInputs, "config" | "patches" | "pristine">,
  { digest, compiler }: Pick<PreparedSource, "digest" | "compiler">,
  carried: PayloadLabel["patches"],
): PayloadOrigin {
  const taken = (all: typeof patches) =>
    all.map(({ name, bytes, fuzz }) => ({ ...originPatch(name, bytes), fuzz }));
  const origin = {
    source: digest,
    config: sha256(config.text),
    compiler: compiler.version,
    patches: taken(patches),
    ...(pristine.length === 0 ? {} : { pristine: taken(pristine) }),
  };
  return carried === "texts" ? origin : withoutTexts(origin);
}

export function payloadFacts(
  { xen, release, payloadVersion }: Target,
  { stacking, depends }: DecidedStacking,
  described: Pick<EmitInput, "origin" | "sources"> & { readonly metadata: Metadata },
): PayloadFacts {
  return {
    architecture: xen.architecture,
    payloadVersion,
    xenDepends: xen.buildId,
    depends,
    stacking,
    funcsAccess: wantsWritableFuncs(release) ? "writable" : "read-only",
    ...described,
  };
}

/** Of the author's files with hooks, which the patches do not show. */
export function sourcesOf(
  compiler: string,
  { texts }: Pick<CompiledHooks, "texts">,
  { withXenHeaders }: HookFiles,
): PayloadSources {
  const beside = withXenHeaders.map(({ name, text }) => {
    const bytes = new Uint8Array(Buffer.from(text, "latin1"));
    return { name: basename(name), sha256: sha256(bytes), bytes };
  });
  return { compiler, files: [...texts, ...beside] };
}
