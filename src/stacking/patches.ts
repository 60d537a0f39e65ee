// The patches of the payloads below, from the payloads themselves or, where those were built without
// them, from files that the user gives. Digests say which is which.

import { BuilderError } from "../build-outcome/builder-error.ts";
import { sha256 } from "../bytes/sha256.ts";
import type { PayloadOrigin } from "../payload/made-from/origin.ts";
import type { Foundation, PayloadBelow } from "../running/payload-below.ts";
import type { PatchInput } from "../source-patch/patch-file.ts";

/**
 * Of each payload, the lowest first; none for hand-written code.
 * @param given patches that payloads may lack
 * @throws BuilderError builder/bad-option when a patch is missing
 */
export function patchesBelow(
  { payloads }: Foundation,
  given: readonly PatchInput[],
): readonly (readonly PatchInput[])[] {
  const byDigest = new Map(given.map((patch) => [sha256(patch.bytes), patch.bytes]));
  return payloads.map((below) => patchesOf(below, byDigest));
}

function patchesOf(
  { payload, origin }: PayloadBelow,
  byDigest: ReadonlyMap<string, Uint8Array>,
): readonly PatchInput[] {
  return (origin?.patches ?? []).map(({ name, sha256: digest, bytes, fuzz }) => {
    const found = bytes ?? byDigest.get(digest);
    if (found !== undefined)
      return { name: `${name} (of "${payload.source}")`, bytes: found, fuzz };
    throw new BuilderError({
      code: "builder/bad-option",
      problem: `Cannot build on top of "${payload.source}": it was built without its patches`,
      where: `"${name}", SHA-256 ${digest}`,
      expected: "the source that the payload was built from",
      remedy: `give exactly this patch by --base-patch`,
    });
  });
}

interface MadePayload {
  readonly payload: Pick<PayloadBelow["payload"], "source">;
  readonly origin: MadeFrom | undefined;
}

type MadeFrom = Pick<PayloadOrigin, "source" | "config" | "pristine">;

interface OwnOrigin extends MadeFrom {
  /** Files that differ from those of another source, where that is known. */
  readonly differencesFrom: (digest: string) => readonly string[] | undefined;
}

/**
 * Whether the payloads below were made from what the fix is made from.
 * @throws BuilderError builder/wrong-stack
 */
export function checkOrigins(
  { payloads }: { readonly payloads: readonly MadePayload[] },
  own: OwnOrigin,
): void {
  for (const { payload, origin } of payloads) {
    if (origin === undefined) continue;
    requirePristine(payload.source, origin, own);
    const differs = (["source", "config"] as const).find((key) => origin[key] !== own[key]);
    if (differs === undefined) continue;
    const what = { source: "another source", config: "another configuration" }[differs];
    throw new BuilderError({
      code: "builder/wrong-stack",
      problem: `Cannot build on top of "${payload.source}": it was built from ${what}`,
      where: `SHA-256 ${origin[differs]}${differs === "source" ? filesIn(own.differencesFrom(origin.source)) : ""}`,
      expected: own[differs],
      remedy: "give the source and the configuration that the payloads below were built from",
    });
  }
}

/** Patches of both sides make another source. */
function requirePristine(
  below: string,
  { pristine: theirs = [] }: MadeFrom,
  { pristine: ours = [] }: MadeFrom,
): void {
  const [wanted, found] = [theirs, ours].map((all) => all.map((one) => one.sha256).join("\n"));
  if (wanted === found) return;
  const words = (all: typeof ours) => all.map(({ name }) => name).join(", ") || "none";
  throw new BuilderError({
    code: "builder/wrong-stack",
    problem: `Cannot build on top of "${below}": it was built with other patches of both sides`,
    where: `it has ${words(theirs)}; given is ${words(ours)}`,
    expected: wanted === "" ? "no --pristine" : `SHA-256 ${wanted}`,
    remedy: "give the patches that the payloads below were built with, by --pristine",
  });
}

/** What a person compares first. */
function filesIn(differences: readonly string[] | undefined): string {
  const SHOWN_MAX = 10;
  if (differences === undefined) return "; the cache has no copy of it to name the files by";
  const more = differences.length - SHOWN_MAX;
  const shown = differences.slice(0, SHOWN_MAX).join(", ");
  return `; not the same: ${shown}${more > 0 ? `, and ${more} more` : ""}`;
}
