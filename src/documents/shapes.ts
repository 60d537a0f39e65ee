// What the forms of several documents have in common. A form says exactly what is printed: a field that it
// does not name is a mistake of ours, though whoever reads a document has to expect new ones.

import * as v from "valibot";
import { count } from "../json/fields.ts";
import { guardLevels, payloadModes } from "../payload/metadata-keys.ts";

export const form = v.strictObject;
export const text = v.string();
export const texts = v.array(text);
export const flag = v.boolean();
export const mode = v.picklist(payloadModes);
export const guardLevel = v.picklist(guardLevels);
export const architecture = v.picklist(["x86_64", "aarch64"]);

/** Left out where it is not known, or does not apply. */
export const perhaps = v.optional;
export const orNull = v.nullable;

/** A number that JSON cannot hold: printed as text. The last option is what is read. */
export const hex = v.union([v.bigint(), v.pipe(v.string(), v.regex(/^-?0x[0-9a-f]+$/))]);
/** ISO 8601; likewise. */
export const time = v.union([v.date(), v.pipe(v.string(), v.isoTimestamp())]);

/** The document of a command. */
export function document<Entries extends v.ObjectEntries>(entries: Entries) {
  return form({ version: v.literal(1), ...entries });
}

/** One whose `version` is that of something else. */
export function otherVersion<Entries extends v.ObjectEntries>(entries: Entries) {
  return form({ documentVersion: v.literal(1), ...entries });
}

const settled = v.picklist(["checked", "applied"]);
export const status = v.variant("kind", [
  form({ kind: v.picklist(["checked", "applied"]) }),
  form({ kind: v.literal("busy"), settled }),
  form({ kind: v.literal("failed"), settled, errno: count }),
]);

export const report = form({
  /** Stable: `area/reason`, see `xsplice explain`. */
  code: text,
  problem: text,
  where: perhaps(text),
  expected: perhaps(text),
  remedy: perhaps(text),
});

/** Of any command that failed. */
export const errorDocument = document({
  error: form({
    ...report.entries,
    /** Positive, as Xen gave it. */
    errno: perhaps(count),
    unexpectedCode: perhaps(form({ place: text, expected: text, actual: text })),
  }),
});

/** Of a plan that cannot be made. */
export const refusedDocument = document({ refused: v.array(report) });

export const fix = form({ advisory: text, cves: texts, title: text });
