// Documents of commands that look at payload files. `null`: not known.

import * as v from "valibot";
import { count } from "../json/fields.ts";
import { symbolMapKinds } from "../payload/symbol-map.ts";
import { bugFrameTypes } from "../xen-abi/bug-frame.ts";
import { hookKinds } from "../xen-abi/hooks.ts";
import {
  architecture,
  document,
  flag,
  form,
  orNull,
  otherVersion,
  perhaps,
  text,
  texts,
} from "./shapes.ts";

const ownPlace = { section: text, offset: v.number(), symbol: orNull(text) };
const place = form({ kind: v.literal("own"), ...ownPlace });
const symbol = form({ kind: v.literal("symbol"), symbol: text, addend: text });
const address = form({ kind: v.literal("address"), address: text });
const target = v.variant("kind", [place, symbol, address]);

const functionFields = {
  name: orNull(text),
  oldAddress: v.variant("kind", [place, symbol, address, form({ kind: v.literal("name") })]),
  oldSize: count,
  /** Bytes in hexadecimal, as everywhere here. */
  expectation: orNull(text),
};
const functions = v.array(
  v.variant("kind", [
    form({
      kind: v.literal("replace"),
      ...functionFields,
      newAddress: target,
      newSize: count,
    }),
    form({ kind: v.literal("nop"), ...functionFields, newSize: count }),
    form({ kind: v.literal("guard"), ...functionFields }),
  ]),
);

const specialEntry = v.variant("kind", [
  form({
    kind: v.literal("alternative"),
    place: text,
    replacement: text,
    feature: count,
    appliesWhen: v.picklist(["present", "absent"]),
    originalSize: count,
    replacementSize: count,
    paddingSize: orNull(count),
  }),
  form({ kind: v.literal("call-site"), place: text }),
  form({ kind: v.literal("exception"), place: text, continuesAt: text }),
  form({
    kind: v.literal("bug-frame"),
    type: v.picklist(bugFrameTypes),
    place: text,
    pointer: text,
    line: count,
    message: orNull(text),
  }),
]);

const row = form({
  kind: v.picklist(["same", "differs"]),
  before: orNull(text),
  after: orNull(text),
});
const listedCode = form({
  name: text,
  role: v.picklist(["replacement", "hook", "function"]),
  section: text,
  start: count,
  size: count,
  instructions: v.array(form({ offset: count, bytes: text, text })),
  beside: orNull(v.array(row)),
  alone: orNull(text),
});

const severity = v.picklist(["error", "warning"]);
const findingFields = {
  code: text,
  problem: text,
  where: perhaps(orNull(text)),
  expected: perhaps(orNull(text)),
  remedy: perhaps(orNull(text)),
};
const origin = form({
  source: text,
  config: text,
  compiler: text,
  patches: v.array(form({ name: text, sha256: text, fuzz: perhaps(orNull(count)) })),
});

const inspectDocument = otherVersion({
  source: text,
  sizeBytes: count,
  architecture,
  version: orNull(v.picklist([1, 2])),
  functions,
  hooks: v.array(form({ kind: v.picklist(hookKinds), target })),
  buildId: orNull(text),
  depends: orNull(text),
  xenDepends: orNull(text),
  metadata: texts,
  symbolMap: orNull(
    v.array(
      form({
        sourceName: text,
        exportedName: text,
        exportedOffset: count,
        kind: v.picklist(symbolMapKinds),
        sizeBytes: count,
      }),
    ),
  ),
  reasons: orNull(v.array(form({ function: text, text }))),
  specialTables: v.array(form({ section: text, sizeBytes: count })),
  needs: texts,
  exports: v.array(form({ name: text, section: text, sizeBytes: count })),
  sections: v.array(
    form({
      name: text,
      sizeBytes: count,
      loaded: v.picklist(["code", "writable", "read-only", "no"]),
    }),
  ),
  origin: orNull(origin),
  /** Of one that was written by hand. */
  sources: orNull(form({ compiler: text, files: v.array(form({ name: text, sha256: text })) })),
  tables: v.array(form({ section: text, entries: v.array(specialEntry), bytesLeft: count })),
  code: v.array(listedCode),
  findings: v.array(form({ severity, ...findingFields })),
  hypervisor: perhaps(orNull(form({ buildId: text }))),
});

const ruleSeverity = v.picklist(["crash", "hazard", "note"]);
const stage = v.picklist(["upload", "apply", "replace"]);
const verdict = v.variant("kind", [
  form({ kind: v.literal("accepted") }),
  form({
    kind: v.literal("refused"),
    at: stage,
    errno: count,
    errnoName: perhaps(text),
    step: text,
    reference: text,
    words: text,
    where: text,
    console: texts,
  }),
  form({ kind: v.literal("crash"), at: stage, trap: text, step: text, words: text, where: text }),
]);

/** Of a rule of check, for people. */
export const ruleDocument = document({
  id: text,
  title: text,
  severity: v.picklist([...ruleSeverity.options, "crash or hazard"]),
  what: text,
  why: text,
  remedy: text,
  releases: text,
});

const checkDocument = document({
  outcome: v.picklist(["clean", "refused", "hazards"]),
  hypervisor: form({
    source: text,
    release: text,
    toldRelease: perhaps(text),
    buildId: perhaps(text),
    architecture: text,
  }),
  payloads: v.array(
    form({
      name: text,
      source: text,
      action: v.picklist(["apply", "replace"]),
      verdict,
      assumptions: v.array(form({ about: text, words: text })),
      hazards: v.array(
        form({
          rule: text,
          severity: ruleSeverity,
          problem: text,
          where: text,
          releases: perhaps(text),
          isHere: flag,
          isAllowed: flag,
        }),
      ),
      effects: v.array(
        form({
          name: text,
          address: perhaps(text),
          effect: v.picklist([
            "newly-patched",
            "patched-again",
            "reverted",
            "unchanged",
            "by-hook",
          ]),
          before: perhaps(text),
          after: perhaps(text),
        }),
      ),
    }),
  ),
  allowed: texts,
  unchecked: texts,
});

const compared = form({
  source: text,
  sizeBytes: count,
  buildId: orNull(text),
  findings: v.array(form({ severity, report: form(findingFields) })),
});

export const payloadFileDocuments = {
  inspect: [inspectDocument],
  check: [checkDocument, ruleDocument],
  diff: [
    document({
      outcome: v.picklist(["identical", "same", "different"]),
      before: compared,
      after: compared,
      functions: v.array(
        form({
          name: text,
          change: v.picklist(["added", "removed", "changed", "equal"]),
          reasons: texts,
        }),
      ),
      pieces: v.array(
        form({ what: text, change: v.picklist(["added", "removed", "changed"]), reasons: texts }),
      ),
      equalPieces: count,
      facts: v.array(form({ what: text, before: orNull(text), after: orNull(text) })),
      codeUnread: orNull(text),
    }),
  ],
};
