// What a person should know of a plan besides its steps.

import type { Piece } from "./piece.ts";
import type { Notice } from "./plan-form.ts";
import type { Way } from "./way.ts";

/** @param renamed uploaded under another name than their files' */
export function noticesOf(way: Way, renamed: readonly Piece[]): readonly Notice[] {
  const lifted = liftedIn(way).map(({ name }) => ({
    kind: "lifted" as const,
    name,
    words: `"${name}" is reverted and put back`,
  }));
  const fresh = way.freshData.map(({ name }) => ({
    kind: "fresh-data" as const,
    name,
    words: `the data of "${name}" starts afresh`,
  }));
  const others = renamed.map(({ name, file }) => ({
    kind: "renamed" as const,
    name,
    words: `${file?.source} is called "${name}": the host has another payload "${file?.name}"`,
  }));
  const kept = way.kept.map(({ name }) => ({
    kind: "kept" as const,
    name,
    words: `"${name}" stays loaded: another payload refers to it, or may do so`,
  }));
  return [...lifted, ...fresh, ...others, ...kept, ...hookNotices(way)];
}

/** In use before and after, and not in between. */
function liftedIn({ states }: Way): readonly Piece[] {
  const after = states.at(-1) ?? [];
  return (states[0] ?? []).filter(
    (piece) => after.includes(piece) && states.some((state) => !state.includes(piece)),
  );
}

function hookNotices({ steps }: Way): readonly Notice[] {
  const asked = steps.flatMap(({ action, piece }) => {
    const hook = action === "apply" ? "preapply" : action === "revert" ? "prerevert" : undefined;
    return hook !== undefined && piece.facts.hooks?.includes(hook) ? [{ piece, action }] : [];
  });
  return asked.map(({ piece: { name }, action }) => ({
    kind: "hook-may-refuse",
    name,
    words: `a hook of "${name}" is asked before the ${action}, and may refuse`,
  }));
}
