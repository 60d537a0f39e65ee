// A trigger: our own code for one published security hole that has a fix, with a description of what is
// seen when the hole is there. share/triggers/NAME/trigger.json.

import * as v from "valibot";
import type { Described } from "../json/decode-json.ts";
import { maybe } from "../json/fields.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(1));

const pattern = v.pipe(
  v.string(),
  v.check((text) => {
    try {
      new RegExp(text, "m");
      return true;
    } catch {
      return false;
    }
  }),
);

/** What shows that the hole is there. */
const holeSchema = v.variant("kind", [
  /** The hypervisor panics; its console has all of these. */
  v.object({ kind: v.literal("panic"), console: v.pipe(v.array(pattern), v.minLength(1)) }),
  /** Nothing answers, and each look at each CPU finds it in one of these functions. */
  v.object({ kind: v.literal("hang"), functions: v.pipe(v.array(pattern), v.minLength(1)) }),
  /** The trigger's output says so; `closed` is what it says otherwise. */
  v.object({ kind: v.literal("says"), hole: pattern, closed: pattern }),
  /** Bytes of the hypervisor's memory become these (hex), at `offset` behind a symbol of CPU 0. */
  v.object({
    kind: v.literal("memory"),
    symbol: v.string(),
    offset: v.number(),
    becomes: v.pipe(v.string(), v.regex(/^([0-9a-f]{2}){1,64}$/)),
  }),
]);

export type Hole = Described<typeof holeSchema>;

export const triggerSchema = v.object({
  advisory: v.string(),
  cve: v.string(),
  title: v.string(),
  /** What the code does. */
  does: v.string(),
  /** Who can do it. */
  needs: v.string(),
  /** What is seen without the fix, and with it. */
  before: v.string(),
  after: v.string(),
  fix: v.object({
    subject: v.string(),
    /** Upstream commits by branch. */
    commits: v.record(v.string(), v.string()),
  }),
  /** Releases of the lab's that have the hole. */
  releases: v.array(v.string()),
  program: v.variant("kind", [
    v.object({
      kind: v.literal("guest"),
      file: v.string(),
      bits: v.picklist([16, 32, 64]),
      viridian: maybe(v.array(v.string())),
      promisedPages: maybe(v.number()),
      paging: maybe(v.picklist(["hap", "shadow"])),
    }),
    v.object({ kind: v.literal("dom0"), file: v.string() }),
  ]),
  hole: holeSchema,
  /** Of a hole that is a race: in how many of so many runs it shows. Without it, in each. */
  odds: maybe(
    v.pipe(
      v.object({ shows: count, of: count }),
      v.check(({ shows, of }) => shows <= of, "more runs that show it than runs"),
    ),
  ),
});

type TriggerText = Described<typeof triggerSchema>;

export interface Trigger {
  readonly name: string;
  readonly text: TriggerText;
  /** The C file. */
  readonly source: string;
  /** SHA-256 of description and source, hex. */
  readonly sha256: string;
}
