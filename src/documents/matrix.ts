// The document of a fix for many bases.

import * as v from "valibot";
import { count } from "../json/fields.ts";
import { cellSchema } from "../matrix/cell.ts";
import { document, form, perhaps, report, text, texts } from "./shapes.ts";

const cell = cellSchema.entries;

export const matrixDocuments = {
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
