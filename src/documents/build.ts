// Documents of commands that make payloads. The report of a build lies beside its payload, too.

import * as v from "valibot";
import { count } from "../json/fields.ts";
import { hookKinds } from "../xen-abi/hooks.ts";
import { configDifferenceSchema } from "../xen-make/config.ts";
import { document, form, guardLevel, hex, mode, perhaps, text, texts } from "./shapes.ts";

const refusalName = form({ rule: text, what: text });
const refusal = form({
  rule: text,
  what: text,
  where: text,
  reasons: texts,
  consequences: perhaps(texts),
  causes: perhaps(v.array(refusalName)),
  remedy: perhaps(text),
});

const disposition = v.variant("kind", [
  form({
    kind: v.literal("carried"),
    as: v.picklist(["replacement", "new", "copy", "with"]),
    despite: perhaps(v.literal("unsafe-path")),
  }),
  form({ kind: v.literal("no-effect"), rule: text }),
  form({ kind: v.literal("refused"), rule: text, remedy: text }),
]);
const ledgerEntry = form({
  what: text,
  section: text,
  offset: count,
  side: v.picklist(["before", "after", "both"]),
  disposition,
  reasons: texts,
});

const fileOutcome = v.variant("kind", [
  form({ kind: v.literal("compiled"), objects: texts }),
  form({ kind: v.literal("not-in-configuration"), reason: text }),
  form({ kind: v.literal("not-hypervisor"), component: text }),
  form({ kind: v.literal("not-built") }),
  form({ kind: v.literal("refused"), reason: text, remedy: text }),
]);

const layout = form({
  type: text,
  objects: texts,
  changes: texts,
  moved: texts,
  room: perhaps(
    form({
      kind: v.picklist(["in-holes", "fits", "too-small"]),
      told: texts,
      members: v.array(form({ offset: count, size: count })),
    }),
  ),
  verdict: v.variant("kind", [
    form({ kind: v.literal("refused"), why: text }),
    form({
      kind: v.literal("no-effect"),
      rule: v.picklist(["on-stacks-only", "same-representation", "allowed-layout"]),
      why: text,
      allowedAs: perhaps(text),
    }),
  ]),
});

const payload = form({
  file: text,
  sizeBytes: count,
  sha256: text,
  buildId: text,
  depends: text,
  metadata: v.record(text, text),
  standing: form({ lingers: texts, parks: texts, sleeps: texts, unsafe: texts }),
});

const stacking = form({
  mode,
  below: v.array(form({ file: text, buildId: text, patches: texts })),
  requires: texts,
  guard: form({
    level: guardLevel,
    entries: count,
    comparedBytes: count,
    unguarded: v.array(
      form({ functionName: text, offset: v.number(), sizeBytes: v.number(), reason: text }),
    ),
  }),
  marker: v.picklist(["carried", "none"]),
  unchecked: texts,
});

const succession = form({
  previous: text,
  functions: v.array(
    form({
      name: text,
      change: v.picklist(["newly-patched", "patched-again", "unchanged", "no-longer-patched"]),
    }),
  ),
  data: v.array(
    form({
      name: text,
      fate: v.picklist(["starts-afresh", "gone"]),
      allowedAs: perhaps(text),
    }),
  ),
});

/** Of each function that was asked for with --explain. */
const explained = form({
  object: text,
  name: text,
  rows: v.array(
    form({
      kind: v.picklist(["same", "differs"]),
      before: perhaps(text),
      after: perhaps(text),
    }),
  ),
});

const buildDocument = document({
  /** Of the report; counts up when a field changes its meaning. */
  format: v.literal(2),
  tool: text,
  outcome: v.picklist(["built", "refused", "unchanged", "left-out"]),
  payload: perhaps(payload),
  stacking,
  succession: perhaps(succession),
  functions: v.array(
    form({
      name: text,
      object: text,
      oldSizeBytes: count,
      newSizeBytes: count,
      why: texts,
      patches: texts,
      address: text,
    }),
  ),
  hooks: v.array(form({ kind: v.picklist(hookKinds), name: text, source: text })),
  refusals: v.array(refusal),
  allowed: v.array(form({ what: text, objects: texts, option: text })),
  bootOnly: v.array(form({ object: text, function: text, symbol: text })),
  warnings: text,
  movedHunks: v.array(
    form({
      patch: text,
      file: text,
      hunk: text,
      line: v.number(),
      distance: v.number(),
      ignored: form({ before: count, after: count }),
      alternatives: count,
    }),
  ),
  files: v.array(
    form({
      patch: text,
      file: text,
      outcome: fileOutcome,
      besides: perhaps(text),
      hunks: texts,
      leftOut: perhaps(texts),
    }),
  ),
  objects: v.array(
    form({
      object: text,
      sources: texts,
      outcome: v.picklist(["unchanged", "patchable", "refused"]),
      ledger: v.array(ledgerEntry),
      broughtFor: perhaps(text),
    }),
  ),
  layouts: v.array(layout),
  hypervisor: form({ release: text, buildId: text, functionsCompared: count }),
  compiler: form({
    command: text,
    version: text,
    verdict: v.picklist(["same", "different", "unknown"]),
    comparison: text,
  }),
  sandbox: v.picklist(["bubblewrap", "none"]),
  configDifferences: v.array(configDifferenceSchema),
  lines: v.record(text, form({ kind: text, reason: perhaps(text) })),
  inputs: form({ source: text, xenSyms: text, config: text, patches: v.record(text, text) }),
  timings: form({
    totalMs: v.number(),
    ownMs: v.number(),
    phases: v.array(
      form({
        name: text,
        startMs: v.number(),
        ms: v.number(),
        by: v.picklist(["xsplice", "make"]),
      }),
    ),
  }),
  /** Printed, and not in the file. */
  explained: perhaps(v.array(explained)),
  draft: perhaps(form({ file: perhaps(text), drafted: texts, left: texts })),
});

export const buildDocuments = {
  build: [buildDocument],
  prepare: [
    document({
      folder: text,
      objects: form({ total: count, compiled: count }),
      sizeBytes: count,
      seconds: v.number(),
    }),
    document({ background: form({ pid: count, log: text }) }),
  ],
  compile: [
    document({
      output: text,
      sizeBytes: count,
      buildId: text,
      payloadVersion: v.picklist([1, 2]),
      release: perhaps(form({ major: count, minor: count, point: count })),
      replaced: v.array(
        form({ name: text, address: perhaps(hex), oldSizeBytes: count, newSizeBytes: count }),
      ),
      hooks: v.array(form({ kind: v.picklist(hookKinds), name: text })),
      unchecked: texts,
      warnings: text,
    }),
  ],
};
