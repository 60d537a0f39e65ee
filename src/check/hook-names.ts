// Hooks in the words of findings: by the name of the function, with the moments at which Xen calls it.

import type { PayloadHook } from "../payload/payload.ts";
import { hookRules } from "../xen-abi/hooks.ts";
import { type Subject, whereInSection } from "./subject.ts";

/** A function that is a hook, of one kind or of several. */
export interface NamedHook {
  /** `hook "undo" (prerevert, postrevert)`; without a name where its symbol has none. */
  readonly words: string;
  readonly where: string;
  readonly hooks: readonly [PayloadHook, ...PayloadHook[]];
}

/** Each function once. */
export function namedHooks(
  subject: Subject,
  isMeant: (hook: PayloadHook) => boolean = () => true,
): readonly NamedHook[] {
  const byTarget = new Map<string, [PayloadHook, ...PayloadHook[]]>();
  for (const hook of (subject.contents?.hooks ?? []).filter(isMeant)) {
    const key = keyOf(hook);
    const before = byTarget.get(key);
    if (before === undefined) byTarget.set(key, [hook]);
    else before.push(hook);
  }
  return [...byTarget.values()].map((hooks) => {
    const kinds = [...new Set(hooks.map(({ kind }) => kind))].join(", ");
    const { target } = hooks[0];
    const name = target.kind === "address" ? undefined : target.symbol;
    return {
      words: name === undefined ? `${kinds} hook` : `hook "${name}" (${kinds})`,
      where: placeOf(hooks[0], subject),
      hooks,
    };
  });
}

function keyOf({ target }: PayloadHook): string {
  switch (target.kind) {
    case "own":
      return `${target.section}+${target.offset}`;
    case "symbol":
      return `${target.symbol}+${target.addend}`;
    case "address":
      return `${target.address}`;
  }
}

function placeOf({ kind, target }: PayloadHook, subject: Subject): string {
  const name = target.kind === "own" ? target.section : hookRules[kind].section;
  const section = subject.object?.sections.find((one) => one.name === name);
  if (section === undefined) return subject.source;
  return whereInSection(subject, section, target.kind === "own" ? target.offset : undefined);
}
