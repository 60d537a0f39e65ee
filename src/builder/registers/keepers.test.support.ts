// The keepers of a payload that was built. Not a test.

import assert from "node:assert/strict";
import type { ElfObject } from "../../elf/object.ts";
import { openElf } from "../../elf/open.ts";
import { contentsOf, requireSection } from "../../elf/sections.ts";
import { decodeKeeper, type FoundKeeper } from "../../isa/x86-keeper.ts";
import { parsePayload } from "../../payload/parse.ts";
import type { BuiltFix } from "../built-fix.ts";

function objectOf({ payload, refusals }: BuiltFix): ElfObject {
  assert.deepEqual(refusals, []);
  assert.ok(payload);
  return openElf(payload.bytes, "fix");
}

/** By what is called through them, those of calls. */
export function callKeepers(
  fix: BuiltFix,
): Readonly<Record<string, FoundKeeper["registers"] | undefined>> {
  const object = objectOf(fix);
  return Object.fromEntries(
    object.symbols.flatMap(({ name, place, value }) => {
      const section = place.kind === "section" ? object.sections[place.index] : undefined;
      const callee = /^(.*)\.keeper/.exec(name)?.[1];
      if (callee === undefined || section === undefined) return [];
      const code = contentsOf(object, section).subarray(Number(value));
      return [[callee, decodeKeeper(code)?.registers] as const];
    }),
  );
}

/** What stands at the entries of new bodies. */
export function entryKeepers(fix: BuiltFix): readonly (FoundKeeper["registers"] | undefined)[] {
  const object = objectOf(fix);
  assert.ok(fix.payload);
  return parsePayload(fix.payload.bytes, "fix").functions.flatMap((entry) => {
    if (entry.kind !== "replace" || entry.newAddress.kind !== "own") return [];
    const code = contentsOf(object, requireSection(object, entry.newAddress.section));
    return [decodeKeeper(code.subarray(entry.newAddress.offset))?.registers];
  });
}
