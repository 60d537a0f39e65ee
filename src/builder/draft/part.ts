// What one refusal or warning becomes in a draft of hooks.

export interface DraftPart {
  /** The refusal, as in the report: `data-initial-value: variable "limit"`. */
  readonly of: string;
  /** As in `#include <…>`. */
  readonly headers: readonly string[];
  readonly text: string;
  /** `edit`: a compiler stops there, since left as it is the hook would be wrong. */
  readonly state: "complete" | "edit";
}

/** What somebody has to decide who does not want the text as it is. */
export const TODO = "TODO:";
