// The journal as it is stored: JSON with a version. A journal of an unknown release, or a damaged one,
// is not used: the host's state is then inferred.

import * as v from "valibot";
import { decodeJson } from "../json/decode-json.ts";
import { type Journal, journalSchema } from "./journal-form.ts";

const JOURNAL_VERSION = 1;
const documentSchema = v.object({ version: v.literal(JOURNAL_VERSION), ...journalSchema.entries });

export function encodeJournal(journal: Journal): string {
  const document = { version: JOURNAL_VERSION, ...journal };
  const plain = (_: string, value: unknown) => (typeof value === "bigint" ? `${value}` : value);
  return `${JSON.stringify(document, plain)}\n`;
}

/** `undefined` when this release cannot read it. */
export function decodeJournal(text: string): Journal | undefined {
  const decoded = decodeJson(text, documentSchema);
  if (decoded.kind === "problem") return undefined;
  const { version: _, ...journal } = decoded.value;
  return journal;
}
