// Reads JSON that was written earlier: a file in the cache, a document, a journal. A schema defines its
// form and its type.

import * as v from "valibot";

type Schema = v.GenericSchema;

/** What a schema describes, not to be changed. */
export type Described<Of extends Schema> = Frozen<v.InferOutput<Of>>;

type Frozen<Value> = Value extends object
  ? { readonly [Key in keyof Value]: Frozen<Value[Key]> }
  : Value;

export type Decoded<Value> =
  | { readonly kind: "value"; readonly value: Value }
  /** As text, such as `steps[2].action is "jump"`. */
  | { readonly kind: "problem"; readonly problem: string };

export function decodeJson<Of extends Schema>(text: string, schema: Of): Decoded<Described<Of>> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { kind: "problem", problem: `it is not JSON: ${why}` };
  }
  const parsed = v.safeParse(schema, json, { abortEarly: true });
  if (!parsed.success) return { kind: "problem", problem: wordsOf(parsed.issues[0]) };
  return { kind: "value", value: parsed.output as Described<Of> };
}

const VALUE_LENGTH_MAX = 60;

function wordsOf({ path, input }: v.BaseIssue<unknown>): string {
  const steps = path?.map(({ key }) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`));
  const place = steps?.join("").replace(/^\./, "") ?? "all of it";
  return `${place} is ${shown(input)}`;
}

function shown(input: unknown): string {
  try {
    return JSON.stringify(input)?.slice(0, VALUE_LENGTH_MAX) ?? "missing";
  } catch (error) {
    // JSON.parse() reads what is nested deeper than JSON.stringify() can write.
    if (error instanceof RangeError) return "nested too deep";
    throw error;
  }
}
