// Documents of a fix for many bases, and of a payload that is built again.

import * as v from "valibot";
import { count } from "../json/fields.ts";
import { cellSchema } from "../matrix/cell.ts";
import { document, form, perhaps, report, text, texts } from "./shapes.ts";

const cell = cellSchema.entries;

/** In a list, JSON has null for what is not there. */
const sectionSize = v.union([v.undefined(), v.nullable(count)]);

const difference = form({
  section: text,
  offset: count,
  payload: text,
  rebuilt: text,
  /** Of a section that is missing, null. */
  sizes: perhaps(v.tuple([sectionSize, sectionSize])),
});

export const matrixDocuments = {
  rebuild: [
    document({
      payload: text,
      outcome: v.picklist(["same", "differs", "refused"]),
      sha256: text,
      rebuilt: perhaps(form({ sha256: text, sizeBytes: count })),
      inputs: v.array(form({ input: text, recorded: text, here: text, same: v.boolean() })),
      difference: perhaps(difference),
      because: texts,
    }),
  ],
  matrix: [
    document({
      folder: text,
      layout: text,
      bases: v.array(
        form({
          label: text,
          buildId: perhaps(text),
          /** `failed`: nothing is known of the fix. */
          outcome: v.picklist([...cell.outcome.options, "failed"]),
          /** Of an earlier run with the same inputs. */
          kept: perhaps(v.boolean()),
          reasons: perhaps(texts),
          functions: perhaps(count),
          payload: cell.payload,
          payloadBuildId: perhaps(text),
          report: perhaps(cell.report),
          proof: cell.proof,
          name: perhaps(text),
          failure: perhaps(report),
          proofFailure: perhaps(report),
          buildSeconds: perhaps(v.number()),
          seconds: v.number(),
        }),
      ),
    }),
  ],
};
