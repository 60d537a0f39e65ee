// The journal as it is kept: JSON with a version. What another release wrote, or what was damaged,
// tells nothing: the host is then found out anew.

import { guardLevels, payloadModes } from "../payload/metadata-keys.ts";
import { hookKinds } from "../xen-abi/hooks.ts";
import type { CodeRange } from "./code-range.ts";
import type { PayloadFacts } from "./facts.ts";
import type { Journal, JournalPayload, LogEntry, PendingAction } from "./journal.ts";
import { BadField, JsonFields } from "./read-json.ts";

const JOURNAL_VERSION = 1;
const actions = ["upload", "apply", "revert", "replace", "unload"] as const;
const histories = ["never-reverted", "reverted", "unknown"] as const;

export function encodeJournal(journal: Journal): string {
  const document = { version: JOURNAL_VERSION, ...journal };
  const plain = (_: string, value: unknown) => (typeof value === "bigint" ? `${value}` : value);
  return `${JSON.stringify(document, plain)}\n`;
}

/** `undefined` when it is none that this release can read. */
export function decodeJournal(text: string): Journal | undefined {
  try {
    const fields = JsonFields.parse(text);
    fields.oneOf("version", [JOURNAL_VERSION]);
    const scene = fields.child("scene");
    return {
      bootId: fields.text("bootId"),
      scene: {
        loaded: scene.children("loaded").map(decodePayload),
        stack: scene.optionalTexts("stack"),
      },
      pending: fields.has("pending") ? decodePending(fields.child("pending")) : undefined,
      former: fields.optionalTexts("former"),
      goal: fields.optionalTexts("goal"),
      log: fields.children("log").map(decodeLogEntry),
    };
  } catch (error) {
    if (error instanceof BadField) return undefined;
    throw error;
  }
}

function decodePayload(fields: JsonFields): JournalPayload {
  return {
    name: fields.text("name"),
    facts: decodeFacts(fields.child("facts")),
    history: fields.oneOf("history", histories),
  };
}

function decodePending(fields: JsonFields): PendingAction {
  const facts = fields.has("facts") ? decodeFacts(fields.child("facts")) : undefined;
  return { ...decodeAction(fields), facts };
}

function decodeLogEntry(fields: JsonFields): LogEntry {
  return { ...decodeAction(fields), stack: fields.optionalTexts("stack") };
}

function decodeAction(fields: JsonFields): Omit<PendingAction, "facts"> {
  const action = fields.oneOf("action", actions);
  return { action, name: fields.text("name"), at: fields.text("at") };
}

function decodeFacts(fields: JsonFields): PayloadFacts {
  const ranges = (key: string) =>
    fields.has(key) ? fields.children(key).map(decodeRange) : undefined;
  return {
    buildId: fields.optionalText("buildId"),
    depends: fields.optionalText("depends"),
    xenDepends: fields.optionalText("xenDepends"),
    mode: fields.optionalOneOf("mode", payloadModes),
    guard: fields.optionalOneOf("guard", guardLevels),
    functions: fields.optionalTexts("functions"),
    replaces: ranges("replaces"),
    writes: ranges("writes"),
    nops: fields.optionalOneOf("nops", ["some", "none"]),
    guards: ranges("guards"),
    marker: fields.optionalText("marker"),
    requires: fields.optionalTexts("requires"),
    exports: fields.optionalTexts("exports"),
    imports: fields.optionalTexts("imports"),
    hooks: decodeHooks(fields),
    data: fields.optionalOneOf("data", ["writable", "none"]),
    metadata: fields.optionalTexts("metadata"),
  };
}

function decodeHooks(fields: JsonFields): PayloadFacts["hooks"] {
  return fields.optionalTexts("hooks")?.map((name) => {
    const kind = hookKinds.find((known) => known === name);
    if (kind === undefined) throw new BadField(`there are no hooks "${name}"`);
    return kind;
  });
}

function decodeRange(fields: JsonFields): CodeRange {
  const start = fields.text("start");
  if (!/^-?\d{1,20}$/.test(start)) throw new BadField(`a range starts at "${start}"`);
  return {
    symbol: fields.optionalText("symbol"),
    start: BigInt(start),
    sizeBytes: fields.count("sizeBytes"),
  };
}
