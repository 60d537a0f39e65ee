// A payload as the planner handles it, loaded on the host or given as a file, with one name on the
// host.

import type { PayloadFacts } from "./facts-form.ts";

/** A payload whose file is available. */
export interface GivenPayload {
  /** The name of the file in messages and in the plan. */
  readonly source: string;
  /** The name for the upload, unless another payload has it. */
  readonly name: string;
  readonly facts: PayloadFacts;
}

export interface Piece {
  /** On the host; no two pieces share it. */
  readonly name: string;
  readonly facts: PayloadFacts;
  /** For its upload, for the first time or again. */
  readonly file: GivenPayload | undefined;
}
