// The result of a command on standard output: one JSON document, or text.

import type { DocumentContent, DocumentName } from "../documents/documents.ts";
import type { CommandCall } from "./spec.ts";

/** Of the form of all documents; counts up when a field changes its meaning or is gone. */
export const DOCUMENT_VERSION = 1 as const;

/**
 * `text` is only rendered when it is wanted; addresses (bigint) become hex strings in JSON.
 * @param name of the command, as its document is described in src/documents/
 */
export function emit<Name extends DocumentName>(
  call: CommandCall,
  name: Name,
  value: DocumentContent<Name>,
  text: () => string,
): void {
  call.io.stdout.write(call.globals.output === "json" ? toDocument(name, value) : text());
}

/**
 * One line. A document that has a `version` of its own keeps it: that of a plan counts the form of
 * plans; the others have `documentVersion` besides.
 */
export function toDocument<Name extends DocumentName>(
  _name: Name,
  value: DocumentContent<Name>,
): string {
  return `${toJson(Object.assign({ version: DOCUMENT_VERSION }, value))}\n`;
}

function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "bigint" ? `0x${part.toString(16)}` : part,
  );
}
