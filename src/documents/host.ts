// Documents of commands that talk to a hypervisor.

import * as v from "valibot";
import { count } from "../json/fields.ts";
import { journalSchema } from "../plan/journal-form.ts";
import {
  architecture,
  document,
  flag,
  form,
  guardLevel,
  mode,
  otherVersion,
  perhaps,
  status,
  text,
  texts,
  time,
} from "./shapes.ts";

const payloads = v.array(form({ name: text, status, metadata: perhaps(texts) }));

const stackEvidence = v.picklist(["no-choice", "journal", "dependencies", "host"]);
const pairs = v.array(v.tuple([text, text]));

const stackDocument = document({
  xenBuildId: perhaps(text),
  applied: v.array(
    form({
      name: text,
      buildId: perhaps(text),
      mode: perhaps(mode),
      guard: perhaps(guardLevel),
      on: perhaps(text),
      functions: perhaps(v.array(form({ name: text, overlappedBy: texts, lostTo: texts }))),
    }),
  ),
  order: v.variant("kind", [
    form({ kind: v.literal("known"), evidence: stackEvidence }),
    form({ kind: v.literal("unknown"), known: pairs, reasons: texts }),
  ]),
  idle: texts,
  interruptedGoal: perhaps(texts),
  continues: perhaps(text),
  lostInReboot: perhaps(texts),
  journal: v.picklist(["none", "unreadable", "other-boot", "contradicted", "fits"]),
});

export const appliedStack = v.variant("kind", [
  form({ kind: v.literal("known"), names: texts, evidence: stackEvidence }),
  form({ kind: v.literal("unknown"), names: texts, known: pairs, reasons: texts }),
]);

const actionDocument = document({
  action: v.picklist(["apply", "revert", "replace", "unload"]),
  name: text,
  result: v.picklist(["done", "unnecessary"]),
  retries: count,
  elapsedMs: v.number(),
  status: perhaps(status),
  reverted: texts,
});

const probeFields = { host: text, purpose: v.picklist(["apply", "replace"]) };
const difference = form({
  functionName: text,
  offset: v.number(),
  start: v.number(),
  expected: text,
  actual: text,
  suspects: v.array(
    form({ payload: text, because: v.picklist(["replaces-it", "may-replace-it"]) }),
  ),
  cover: perhaps(form({ functionName: text, payload: text })),
});

const logEntry = journalSchema.entries.log.item;
const labels = v.record(text, text);
const { stack: _stack, result: _result, ...begun } = logEntry.entries;

export const hostDocuments = {
  list: [document({ payloads }), document({ at: time, payloads }), stackDocument],
  upload: [document({ name: text, status: perhaps(status) })],
  apply: [actionDocument],
  revert: [actionDocument],
  unload: [actionDocument],
  replace: [actionDocument],
  load: [actionDocument],
  info: [
    otherVersion({
      host: text,
      version: form({ major: count, minor: count, extra: text }),
      buildId: perhaps(text),
      compiler: perhaps(text),
      compiledAt: perhaps(text),
      architecture: perhaps(architecture),
      bootId: perhaps(text),
      capabilities: form({
        timeLimit: flag,
        noDependencies: flag,
        console: flag,
        metadata: flag,
      }),
    }),
  ],
  probe: [
    document({
      ...probeFields,
      kind: v.literal("as-expected"),
      functions: count,
      comparedBytes: count,
    }),
    document({
      ...probeFields,
      kind: v.literal("different"),
      complete: flag,
      differences: v.array(difference),
    }),
  ],
  log: [
    document({
      host: text,
      entries: v.array(logEntry),
      underWay: perhaps(form(begun)),
    }),
  ],
  metrics: [
    document({
      metrics: v.array(
        form({ name: text, help: text, samples: v.array(form({ labels, value: v.number() })) }),
      ),
    }),
  ],
};
