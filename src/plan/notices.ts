// Facts that a person should know about a plan besides its steps.

import { mayBeSleptIn, whyHeld } from "./held-words.ts";
import { type Piece, replacesFunction } from "./piece.ts";
import type { Notice } from "./plan-form.ts";
import type { Relations } from "./relations.ts";
import type { Way } from "./way.ts";

export interface NoticedPieces {
  /** Loaded under another name than that of their file. */
  readonly renamed: readonly Piece[];
  /** Payloads whose order is unknown. */
  readonly unordered: ReadonlySet<Piece>;
  readonly relations: Relations;
}

export function goneNotice(name: string): Notice {
  return { kind: "gone", name, words: `"${name}" is not loaded any more: it needs no step` };
}

export function noticesOf(
  way: Way,
  { renamed, unordered, relations }: NoticedPieces,
): readonly Notice[] {
  const lifted = liftedIn(way).map(({ name }) => ({
    kind: "lifted" as const,
    name,
    words: `"${name}" is reverted and put back`,
  }));
  const fresh = way.freshData.map(({ name }) => ({
    kind: "fresh-data" as const,
    name,
    words: `the data of "${name}" is reset`,
  }));
  const others = renamed.map(({ name, file }) => ({
    kind: "renamed" as const,
    name,
    words: `${file?.source} is called "${name}"${isUploaded(way, name) ? `: the host has another payload "${file?.name}"` : " on the host"}`,
  }));
  const kept = way.kept.map(({ name }) => ({
    kind: "kept" as const,
    name,
    words: `"${name}" stays loaded: another payload refers to it, or may do so`,
  }));
  const held = way.held.map(({ name, facts }) => ({
    kind: "held" as const,
    name,
    words: `"${name}" stays loaded: ${whyHeld(facts)}`,
  }));
  const dangling = way.dangling.map(({ name, facts }) => ({
    kind: "dangling" as const,
    name,
    words: `"${name}" is unloaded although ${whyHeld(facts)}`,
  }));
  const asleep = way.steps.flatMap((step): readonly Notice[] => {
    if (step.action !== "unload" || step.sleeps.length === 0) return [];
    const { name } = step.piece;
    return [{ kind: "may-sleep", name, words: mayBeSleptIn(name, step.sleeps) }];
  });
  const stack = (way.states.at(-1) ?? []).filter((piece) => !unordered.has(piece));
  const buried = buriedNotices(stack, relations);
  return [
    ...lifted,
    ...fresh,
    ...others,
    ...kept,
    ...held,
    ...dangling,
    ...asleep,
    ...buried,
    ...hookNotices(way),
  ];
}

function isUploaded({ steps }: Way, name: string): boolean {
  return steps.some(({ action, piece }) => action === "upload" && piece.name === name);
}

/** Xen accepts this, because it cannot see whose jump is there (bindings.ts); no step of ours leads to it. */
function buriedNotices(stack: readonly Piece[], { knows }: Relations): readonly Notice[] {
  return stack.flatMap((lower, index) =>
    (lower.facts.functions ?? []).flatMap((functionName): Notice[] => {
      const upper = stack
        .slice(index + 1)
        .findLast((one) => one.facts.mode !== undefined && replacesFunction(one, functionName));
      if (upper === undefined || knows(upper, lower)) return [];
      const words = `what "${lower.name}" made of ${functionName} is not in force: "${upper.name}" was not built on top of it`;
      return [{ kind: "not-in-force", name: lower.name, words }];
    }),
  );
}

/** Applied before and after, and not in between. */
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
    words: `a hook of "${name}" runs before the ${action}, and may refuse`,
  }));
}
