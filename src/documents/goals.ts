// Documents of commands that bring a host to another state: plan, sync, update, bisect, boot.

import * as v from "valibot";
import { recordSchema } from "../bisect/record.ts";
import { count } from "../json/fields.ts";
import { planSchema } from "../plan/plan-form.ts";
import { sealedPlanSchema } from "../plan/plan-json.ts";
import { appliedStack } from "./host.ts";
import { document, flag, form, perhaps, refusedDocument, report, text, texts } from "./shapes.ts";

const done = v.array(
  form({
    action: v.picklist(["upload", "apply", "revert", "replace", "unload"]),
    name: text,
    retries: count,
    elapsedMs: v.number(),
  }),
);

const syncDocument = document({
  outcome: v.picklist(["done", "stopped", "returned", "astray"]),
  plan: form({
    ...planSchema.entries,
    /** Where it came from a file. */
    payloads: perhaps(sealedPlanSchema.entries.payloads),
    digest: perhaps(text),
  }),
  done,
  mended: done,
  wayBack: done,
  /** After a failure. */
  error: perhaps(report),
  /** The command that goes on, unless all is done. */
  continues: perhaps(text),
  notes: texts,
  missing: planSchema.entries.missing,
  loaded: perhaps(texts),
  stack: perhaps(appliedStack),
});

const conclusion = v.variant("kind", [
  form({ kind: v.literal("found"), fix: count }),
  form({ kind: v.literal("narrowed"), first: count, last: count }),
  form({ kind: v.picklist(["never-fails", "always-fails"]) }),
  form({ kind: v.literal("undecided"), prefix: count }),
]);
const { version: _, ...record } = recordSchema.entries;

const service = v.picklist(["off", "disabled", "manual", "systemd"]);
const quarantined = v.array(
  form({ name: text, sha256: text, why: v.picklist(["applying", "young"]) }),
);
const missing = v.array(form({ name: text, why: text }));
const trouble = v.variant("kind", [
  form({ kind: v.picklist(["off", "disabled", "turned-off", "other-script", "other-format"]) }),
  form({ kind: v.picklist(["not-applied", "not-kept", "no-file", "quarantined"]), name: text }),
  form({ kind: v.literal("missing"), name: text, why: text }),
  form({ kind: v.literal("ended"), ending: perhaps(text) }),
]);

export const goalDocuments = {
  /** The version of a plan is that of plans. */
  plan: [sealedPlanSchema, refusedDocument],
  sync: [syncDocument, refusedDocument],
  update: [syncDocument, refusedDocument, document({ plan: planSchema })],
  bisect: [
    document({ conclusion, fixes: texts, host: text, ...record }),
    document({ abandoned: v.literal(true), stack: texts }),
  ],
  "boot enable": [
    document({
      service,
      settleSeconds: v.number(),
      order: v.picklist(["known", "unknown"]),
      unknown: texts,
      quarantined: texts,
    }),
  ],
  "boot disable": [document({ service: v.literal("off") })],
  "boot status": [
    document({
      service,
      turnedOff: flag,
      settleSeconds: perhaps(v.number()),
      kept: v.array(form({ name: text, isApplied: flag, youngSeconds: perhaps(v.number()) })),
      quarantined,
      otherHypervisors: texts,
      lastBoot: perhaps(form({ bootId: text, ending: perhaps(text), applied: texts, missing })),
      troubles: v.array(trouble),
    }),
  ],
  "boot release": [document({ released: quarantined })],
};
