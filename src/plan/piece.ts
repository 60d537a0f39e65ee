// A payload as the planner moves it: one name on the host, whether it is there already or comes
// from a file.

import type { PayloadFacts } from "./facts-form.ts";

/** A payload whose file is available. */
export interface GivenPayload {
  /** What the file is called in messages and in the plan. */
  readonly source: string;
  /** Under which it is uploaded, unless another payload has the name. */
  readonly name: string;
  readonly facts: PayloadFacts;
}

export interface Piece {
  /** On the host; no two pieces share it. */
  readonly name: string;
  readonly facts: PayloadFacts;
  /** For uploading it, for the first time or again. */
  readonly file: GivenPayload | undefined;
}
