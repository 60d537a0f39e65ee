// Records as the store keeps them: JSON with the number of its format. A record of a newer format, or one that
// somebody has written by hand, is named and left alone; it never becomes half a record.

import * as v from "valibot";
import { decodeJson } from "../json/decode-json.ts";
import { count, maybe } from "../json/fields.ts";
import { FleetError } from "./errors.ts";
import {
  claimSchema,
  factsSchema,
  ledgerSchema,
  orderSchema,
  rolloutSchema,
  sessionSchema,
  wantedSchema,
} from "./records.ts";
import { type Key, type Kind, keyText, type Records } from "./store.ts";

const FORMAT = 1;

const names = v.array(v.string());

const planSchema = v.object({
  id: v.string(),
  rules: v.object({
    target: v.object({ channel: v.string(), version: count }),
    soakMs: count,
    limits: v.object({ atOnce: count, perLabel: v.record(v.string(), count) }),
    windows: v.array(v.object({ days: v.array(count), startMinute: count, lengthMinutes: count })),
    tolerated: count,
    onFailure: v.picklist(["stop", "take-back-wave", "take-back-all"]),
    silentMs: count,
    moments: v.picklist(["refuse", "allow"]),
    check: maybe(v.string()),
    whenOverlapping: v.picklist(["refuse", "queue"]),
  }),
  waves: v.array(names),
  hosts: v.record(
    v.string(),
    v.object({
      labels: v.record(v.string(), v.string()),
      xenBuildId: v.string(),
      from: names,
      to: names,
    }),
  ),
});

const schemas = {
  session: sessionSchema,
  claim: claimSchema,
  facts: factsSchema,
  order: orderSchema,
  ledger: ledgerSchema,
  plan: planSchema,
  rollout: rolloutSchema,
  wanted: wantedSchema,
} as const satisfies Record<Kind, v.GenericSchema>;

export function encodeRecord(value: Records[Kind]): string {
  return JSON.stringify({ format: FORMAT, value });
}

/** @throws FleetError fleet/damaged */
export function decodeRecord<Of extends Kind>({ kind, name }: Key<Of>, text: string): Records[Of] {
  const envelope = decodeJson(text, v.object({ format: count, value: v.unknown() }));
  if (envelope.kind === "problem") throw damaged({ kind, name }, envelope.problem);
  const { format, value } = envelope.value;
  if (format !== FORMAT) throw damaged({ kind, name }, `it has format ${format}`);
  const decoded = decodeJson(JSON.stringify(value) ?? "null", schemas[kind]);
  if (decoded.kind === "problem") throw damaged({ kind, name }, decoded.problem);
  return decoded.value as Records[Of];
}

function damaged(key: Key, state: string): FleetError {
  return new FleetError({
    code: "fleet/damaged",
    problem: `Cannot read a record of the fleet's store: ${state}`,
    where: keyText(key),
    expected: `a record of format ${FORMAT}, as this release of xSplice writes it`,
    remedy: "run the release that wrote it, or a newer one; the record was left as it is",
  });
}
