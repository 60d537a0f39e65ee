// Values as JSON can hold them.

import { hexNumber, toHex } from "../bytes/hex.ts";

/** Numbers that JSON cannot hold are hexadecimal text; so are bytes. What is undefined becomes null. */
export type JsonOf<Value> = Value extends bigint | Uint8Array
  ? string
  : Value extends undefined
    ? null
    : Value extends object
      ? { readonly [Key in keyof Value]: JsonOf<Value[Key]> }
      : Value;

export function jsonOf<Value>(value: Value): JsonOf<Value> {
  return plain(value) as JsonOf<Value>;
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return hexText(value);
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return value === undefined ? null : value;
}

function hexText(value: bigint): string {
  return value < 0n ? `-${hexNumber(-value)}` : hexNumber(value);
}
