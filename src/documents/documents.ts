// What each command prints with --json: one of the named forms, or that of an error. The commands know these
// by their types alone, so that none of this is loaded when they run; share/schema/ has them as JSON Schema
// (test/documents/), where tests hold what commands print.

import * as v from "valibot";
import { count } from "../json/fields.ts";
import type { Given } from "../json/given.ts";
import { buildDocuments } from "./build.ts";
import { depotDocuments } from "./depot.ts";
import { goalDocuments } from "./goals.ts";
import { hostDocuments } from "./host.ts";
import { labDocuments } from "./lab.ts";
import { matrixDocuments } from "./matrix.ts";
import { payloadFileDocuments, ruleDocument } from "./payload-file.ts";
import { document, errorDocument, flag, form, perhaps, text } from "./shapes.ts";

const explanation = form({ code: text, what: text, remedy: text });

export const documents = {
  ...hostDocuments,
  ...goalDocuments,
  ...buildDocuments,
  ...payloadFileDocuments,
  ...labDocuments,
  ...matrixDocuments,
  ...depotDocuments,
  doctor: [
    document({
      jobs: v.array(
        form({
          job: text,
          ready: flag,
          needs: v.picklist(["all", "one"]),
          checks: v.array(form({ what: text, found: perhaps(text), remedy: perhaps(text) })),
        }),
      ),
      cache: text,
      parts: v.array(
        form({
          id: text,
          purpose: text,
          state: v.picklist(["cached", "provided", "missing"]),
          sizeBytes: count,
          detail: text,
          howToGet: text,
        }),
      ),
    }),
  ],
  explain: [
    document({ errors: v.array(explanation) }),
    document(explanation.entries),
    ruleDocument,
  ],
  completion: [
    document({ script: text }),
    document({ candidates: v.array(form({ word: text, summary: perhaps(text) })) }),
  ],
  man: [document({ man: text })],
  help: [document({ help: text })],
  schema: [
    document({ schemas: v.array(form({ command: text, file: text })) }),
    document({ schema: v.unknown() }),
  ],
  error: [errorDocument],
} as const;

type Documents = typeof documents;
export type DocumentName = keyof Documents;

/** What a command has to give: the version is not its own to say. */
export type DocumentContent<Name extends DocumentName> = WithoutVersion<
  Given<Documents[Name][number]>
>;

type WithoutVersion<Form> = Form extends { readonly version: 1 } ? Omit<Form, "version"> : Form;
