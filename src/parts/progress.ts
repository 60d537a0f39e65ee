// What a long operation says while it runs, and how it is stopped; whoever called decides how it is
// shown.

export type Progress =
  /** A new step begins. */
  | { readonly kind: "note"; readonly text: string }
  /** How far a step is; `total` in the same unit as `done`. */
  | {
      readonly kind: "bytes";
      readonly text: string;
      readonly done: number;
      readonly total: number;
    };

export type OnProgress = (progress: Progress) => void;

export interface FetchOptions {
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal | undefined;
}
