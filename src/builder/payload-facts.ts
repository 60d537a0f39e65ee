// The payload's description of itself: what it was made from, and how Xen must read it.

import { sha256 } from "../bytes/sha256.ts";
import type { PreparedSource } from "../pairs/prepared-pairs.ts";
import type { EmitInput } from "../payload/emit/input.ts";
import { originPatch, type PayloadOrigin, withoutTexts } from "../payload/origin.ts";
import type { DecidedStacking } from "../stacking/decide.ts";
import { wantsWritableFuncs } from "../xen-abi/features.ts";
import type { BuildInputs, Metadata, PayloadLabel } from "./build-options.ts";
import type { Target } from "./target.ts";

/** The emitter's input about the payload as a whole. */
export type PayloadFacts = Omit<
  EmitInput,
  "objects" | "replacements" | "guards" | "hooks" | "newNames"
>;

export function originOf(
  { config, patches }: Pick<BuildInputs, "config" | "patches">,
  { digest, compiler }: Pick<PreparedSource, "digest" | "compiler">,
  carried: PayloadLabel["patches"],
): PayloadOrigin {
  const origin = {
    source: digest,
    config: sha256(config.text),
    compiler: compiler.version,
    patches: patches.map(({ name, bytes, fuzz }) => ({ ...originPatch(name, bytes), fuzz })),
  };
  return carried === "texts" ? origin : withoutTexts(origin);
}

export function payloadFacts(
  { xen, release, payloadVersion }: Target,
  { stacking, depends }: DecidedStacking,
  { metadata, origin }: { readonly metadata: Metadata; readonly origin: PayloadOrigin },
): PayloadFacts {
  return {
    architecture: xen.architecture,
    payloadVersion,
    xenDepends: xen.buildId,
    depends,
    stacking,
    funcsAccess: wantsWritableFuncs(release) ? "writable" : "read-only",
    metadata,
    origin,
  };
}
