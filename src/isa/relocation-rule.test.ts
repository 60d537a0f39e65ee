import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { unreachable } from "../invariant.ts";
import { Aarch64Relocation, aarch64Rules } from "./aarch64.ts";
import type { RelocationBounds, RelocationField, RelocationRule } from "./relocation-rule.ts";
import { X86Relocation, x86Rules } from "./x86.ts";

const tables = [
  { file: "x86.ts", names: X86Relocation, rules: x86Rules },
  { file: "aarch64.ts", names: Aarch64Relocation, rules: aarch64Rules },
] as const;

for (const { file, names, rules } of tables) {
  test(`RelocationRule: beside each one of ${file} stands what it comes to`, () => {
    const source = new URL(`../../../src/isa/${file}`, import.meta.url);
    const comments = commentsByName(readFileSync(source, "utf8"));
    for (const [name, type] of Object.entries(names)) {
      const rule = rules.get(type);
      assert.equal(comments.get(name), rule && describe(rule), `${file}: ${name}`);
    }
  });
}

/** Of rows `[R.NAME, …], // comment`. */
function commentsByName(source: string): ReadonlyMap<string, string> {
  const rows = source.matchAll(/^ {2}\[R\.(\w+), .*\], \/\/ (.*)$/gm);
  return new Map([...rows].map(([, name = "", comment = ""]) => [name, comment]));
}

/** `S+A-P, 4 bytes, ±2 GiB` */
function describe({ value, field, bounds }: RelocationRule): string {
  if (field.kind === "nothing") return "nothing";
  const reach = bounds === undefined ? [] : [describeBounds(bounds)];
  return [value, describeField(field), ...reach].join(", ");
}

function describeField(field: RelocationField): string {
  switch (field.kind) {
    case "nothing":
      return "nothing";
    case "data":
      return field.size === 1 ? "1 byte" : `${field.size} bytes`;
    case "bits":
      return bitRange(field.shift, field.width);
    case "adr":
      return bitRange(field.shift, 21);
    case "signed-move":
      return bitRange(field.shift, 16);
    default:
      return unreachable(field);
  }
}

/** Of the value. */
function bitRange(first: bigint, width: number): string {
  return `bits ${first}-${first + BigInt(width) - 1n}`;
}

function describeBounds({ min, max, shift }: RelocationBounds): string {
  const end = inUnits((max + 1n) << shift);
  if (min === 0n) return `0 to ${end}`;
  const start = inUnits(-min << shift);
  return start === end ? `±${end}` : `-${start} to ${end}`;
}

function inUnits(bytes: bigint): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = units.findLastIndex((_, index) => bytes >= 1n << BigInt(10 * index));
  return `${bytes >> BigInt(10 * power)} ${units[power]}`;
}
