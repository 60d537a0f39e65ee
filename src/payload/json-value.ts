// Values as JSON can hold them.

import { hexNumber, toHex } from "../bytes/hex.ts";

/** Numbers that JSON cannot hold are hexadecimal text; so are bytes. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** What is undefined becomes null. */
export function jsonOf(value: unknown): JsonValue {
  if (typeof value === "bigint") return hexText(value);
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonOf(item)]));
  }
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  return null;
}

function hexText(value: bigint): string {
  return value < 0n ? `-${hexNumber(-value)}` : hexNumber(value);
}
