// Documents of commands about depots.

import * as v from "valibot";
import { contentsSchema } from "../depot/form.ts";
import { count } from "../json/fields.ts";
import { document, fix, flag, form, perhaps, text, texts, time } from "./shapes.ts";

/** What payloads for a base are built from, on the vendor's machine. */
const madeFrom = form({
  base: perhaps(text),
  source: perhaps(text),
  config: perhaps(text),
  compiler: perhaps(text),
  series: perhaps(text),
  version: perhaps(text),
});

const moved = { changed: texts };
const publishing = [
  document({
    kind: v.literal("published"),
    versions: v.record(text, count),
    signed: texts,
    expires: time,
  }),
  document({
    kind: v.literal("waiting"),
    missing: v.array(form({ role: text, have: count, need: count, keyIds: texts })),
  }),
] as const;

export const depotDocuments = {
  status: [
    document({
      host: text,
      xenBuildId: text,
      release: text,
      label: text,
      channel: text,
      applied: texts,
      fixes: v.array(
        form({
          ...fix.entries,
          state: v.picklist(["in-force", "missing", "needs-reboot"]),
          payload: perhaps(text),
          reason: perhaps(text),
        }),
      ),
      missing: texts,
      surplus: texts,
      others: texts,
      isAsWished: flag,
      signedAt: perhaps(text),
      expires: text,
      /** Where the depot did not answer, and what it said last is shown. */
      unasked: perhaps(form({ because: text, ageSeconds: perhaps(v.number()), isExpired: flag })),
    }),
  ],
  "depot init": [document({ depot: text, channels: texts, keys: count })],
  "depot base": [document({ buildId: text, label: text, release: text })],
  "depot add": [
    document({
      channel: text,
      added: v.array(
        form({
          base: text,
          label: text,
          payload: contentsSchema.entries.payloads.item,
          replaced: texts,
        }),
      ),
    }),
    document({ channel: text, base: text, needsReboot: text }),
  ],
  "depot promote": [document({ from: text, to: text, ...moved })],
  "depot revoke": [document({ channel: text, revoked: texts, ...moved })],
  "depot publish": publishing,
  "depot refresh": publishing,
  "depot rotate": [document({ role: text, added: texts, dropped: texts })],
  "depot status": [
    document({
      root: perhaps(form({ version: count, fingerprint: text, spelled: text })),
      bases: v.array(form({ buildId: text, label: text, release: text, made: perhaps(madeFrom) })),
      channels: v.array(
        form({
          name: text,
          bases: v.array(form({ ...contentsSchema.entries, label: text, buildId: text })),
        }),
      ),
      roles: v.array(
        form({
          name: text,
          keyIds: texts,
          threshold: count,
          version: perhaps(count),
          expires: perhaps(text),
        }),
      ),
      troubles: texts,
    }),
  ],
  "depot export": [document({ file: text, sizeBytes: count })],
  "depot import": [document({ folder: text, files: count })],
  "depot trust": [document({ place: text, channel: text, signedAt: perhaps(time), expires: time })],
};
