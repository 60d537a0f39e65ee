// The forms of documents as JSON Schema, as share/schema/ has them.

import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { type DocumentName, documents } from "../../src/documents/documents.ts";
import { errorDocument } from "../../src/documents/shapes.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export const schemaNames = (Object.keys(documents) as DocumentName[]).sort();

export function schemaFile(name: string): string {
  return `share/schema/${name.replaceAll(" ", "-")}.json`;
}

/** All that the command may print. */
export function formsOf(name: DocumentName): readonly v.GenericSchema[] {
  return name === "error" ? documents.error : [...documents[name], errorDocument];
}

export function jsonSchemaOf(name: DocumentName): JsonObject {
  const forms = formsOf(name).map(toJson);
  const command = name === "error" ? "any command that failed" : `xsplice ${name}`;
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `urn:xsplice:schema:${name.replaceAll(" ", "-")}:1`,
    title: `What ${command} prints with --json`,
    ...(forms.length === 1 ? forms[0] : { anyOf: forms }),
  };
}

function toJson(schema: v.GenericSchema): JsonObject {
  const { $schema: _, ...json } = toJsonSchema(schema, {
    target: "draft-2020-12",
    // Of what is given as a number or a date, the text that is printed counts.
    overrideSchema: ({ valibotSchema }) => {
      if (isGivenOnly(valibotSchema)) return {};
      const [given, printed] = optionsOf(valibotSchema);
      return given && printed && isGivenOnly(given) ? toJson(printed) : undefined;
    },
  });
  return open(json) as JsonObject;
}

function isGivenOnly({ type }: v.GenericSchema): boolean {
  return type === "bigint" || type === "date" || type === "undefined";
}

function optionsOf(schema: v.GenericSchema): readonly v.GenericSchema[] {
  return schema.type === "union"
    ? (schema as v.UnionSchema<v.GenericSchema[], undefined>).options
    : [];
}

/** New fields may come at any time, so that readers have to bear them. */
function open(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(open);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(
    ([key, one]) => !(key === "additionalProperties" && one === false),
  );
  return Object.fromEntries(entries.map(([key, one]) => [key, open(one)]));
}
