// How a payload was made, by its own word: what has to be given again is told from what it carries.

import { openElf } from "../elf/open.ts";
import { type PayloadOrigin, readOrigin } from "../payload/made-from/origin.ts";
import { type PayloadSources, readSources } from "../payload/made-from/sources.ts";
import { type GuardLevel, type PayloadMode, reservedKeys } from "../payload/metadata-keys.ts";
import { parsePayload } from "../payload/parse.ts";
import { readStackingFacts } from "../payload/stacking.ts";
import { RebuildError } from "./errors.ts";

type Entry = readonly [key: string, value: string];

export interface Recipe {
  readonly buildId: string;
  /** Of the hypervisor, where the payload names it. */
  readonly xenBuildId: string | undefined;
  /** Build-ids of payloads that it was built on, besides the hypervisor. */
  readonly below: readonly string[];
  readonly mode: PayloadMode;
  readonly guard: GuardLevel | undefined;
  readonly origin: PayloadOrigin;
  /** Of its hooks. */
  readonly sources: PayloadSources | undefined;
  /** "xsplice 0.1.0" */
  readonly tool: string | undefined;
  readonly title: string | undefined;
  /** The author's own, which override ours. */
  readonly metadata: readonly Entry[];
  /** Functions that the author had replaced although a CPU may run them. */
  readonly unsafe: readonly string[];
}

/** @throws RebuildError; PayloadError, ElfError for what is no payload, or was changed since */
export function recipeOf(bytes: Uint8Array, source: string): Recipe {
  const { buildId, depends, xenDepends = depends, metadata } = parsePayload(bytes, source);
  const object = openElf(bytes, source);
  const origin = readOrigin(object);
  if (origin === undefined || origin.patches.length === 0) throw noOrigin(source);
  const facts = readStackingFacts(metadata);
  const { tool, title, own } = describedBy(metadata);
  const mode = facts.mode ?? "stack";
  const below = [...facts.requires, ...(depends === xenDepends ? [] : [depends])];
  return {
    buildId,
    xenBuildId: xenDepends,
    below,
    mode,
    guard: facts.guard,
    origin,
    sources: readSources(object),
    tool,
    title,
    metadata: own,
    unsafe: facts.unsafe,
  };
}

/**
 * The builder writes title, xsa and tool first, each only where the author has none of his own; his come
 * behind them.
 */
function describedBy(metadata: readonly string[]) {
  const entries = metadata
    .map((text): Entry => {
      const at = text.indexOf("=");
      return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
    })
    .filter(([key]) => !reservedKeys.includes(key));
  const ours = ["title", "xsa", "tool"];
  let at = 0;
  const found = new Map<string, string>();
  for (const key of ours) {
    const [named, value] = entries[at] ?? [];
    if (named !== key || value === undefined) continue;
    found.set(key, value);
    at++;
  }
  return { tool: found.get("tool"), title: found.get("title"), own: entries.slice(at) };
}

function noOrigin(source: string): RebuildError {
  return new RebuildError({
    code: "rebuild/no-origin",
    problem: `Cannot build "${source}" again: it does not say which patches it was made from`,
    expected: "a payload of xsplice build or xsplice matrix",
    remedy: "of hand-written C, compile it again and compare with xsplice diff",
  });
}
