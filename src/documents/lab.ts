// Documents of commands that run a hypervisor of their own.

import * as v from "valibot";
import { count } from "../json/fields.ts";
import { labInfoSchema } from "../lab/lab-info.ts";
import { document, flag, form, perhaps, text, texts } from "./shapes.ts";

/** Whether its number is free: other domains may hold its memory. */
const remains = v.picklist(["none", "held"]);

const ran = document({ exitCode: count, stdout: text, stderr: text });

const guestOutcome = v.variant("kind", [
  form({ kind: v.literal("ended"), exitCode: perhaps(v.number()) }),
  form({ kind: v.picklist(["rebooted", "crashed", "gone", "said", "timeout"]) }),
  form({ kind: v.literal("lab-dead"), crash: form({ kind: text, console: text }) }),
]);

const proofFields = {
  tool: text,
  verdict: v.picklist(["closed", "not-closed", "not-shown"]),
  because: perhaps(text),
  trigger: form({ name: text, sha256: text, advisory: text, cve: text, title: text }),
  payloads: v.array(form({ file: text, sha256: text, buildId: perhaps(text) })),
  hypervisor: form({
    version: text,
    package: perhaps(text),
    buildId: perhaps(text),
    sha256: text,
    processor: text,
    cpus: count,
  }),
  runs: v.array(
    form({
      run: v.picklist(["unpatched", "patched", "reverted"]),
      saw: text,
      words: text,
      health: perhaps(form({ isWell: flag, words: text })),
      /** A race that did not come this time; it was run again. */
      isMissed: perhaps(v.literal(true)),
      output: text,
      console: texts,
      seconds: v.number(),
    }),
  ),
  seconds: v.number(),
  /** The file of evidence; it has all else. */
  proof: perhaps(text),
};

export const labDocuments = {
  demo: [
    document({
      hypervisor: form({ version: text, buildId: perhaps(text) }),
      before: text,
      patched: text,
      reverted: text,
      entryBefore: text,
      entryPatched: text,
      entryReverted: text,
      guest: perhaps(
        form({
          countBefore: v.number(),
          countAfter: v.number(),
          longestPauseMs: v.number(),
          usualPauseMs: v.number(),
        }),
      ),
      attack: perhaps(form({ unpatched: text, patched: text })),
      seconds: v.number(),
    }),
  ],
  prove: [document(proofFields)],
  "lab up": [document(labInfoSchema.entries)],
  "lab list": [
    document({
      labs: v.array(
        form({
          info: labInfoSchema,
          lifetime: v.picklist(["owned", "detached"]),
          startedAt: text,
          state: text,
        }),
      ),
    }),
  ],
  "lab exec": [ran],
  "lab run": [ran],
  "lab console": [document({ text })],
  "lab down": [document({ ended: text })],
  "lab snapshot": [document({ made: flag })],
  "lab clean": [
    document({
      labs: count,
      folders: count,
      kept: v.array(form({ path: text, because: text })),
      removed: v.picklist(["cache", "snapshots", "nothing"]),
      cache: text,
    }),
  ],
  "lab guest run": [
    document({
      outcome: guestOutcome,
      output: text,
      lostBytes: count,
      console: text,
      elapsedMs: v.number(),
      remains,
    }),
  ],
  "lab guest start": [document({ lab: text, guest: count })],
  "lab guest kill": [document({ lab: text, killed: count, remains })],
  "lab guest list": [
    document({
      lab: text,
      guests: v.array(
        form({
          guest: count,
          state: v.picklist(["running", "ended", "rebooted", "crashed", "gone"]),
          isOurs: flag,
          memoryMb: v.number(),
          cpuSeconds: v.number(),
          count: perhaps(v.number()),
        }),
      ),
    }),
  ],
};
