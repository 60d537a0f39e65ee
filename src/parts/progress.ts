// Progress of a long operation, and its cancellation; the caller decides how to show it.

export type Progress =
  /** A new step begins. */
  | { readonly kind: "note"; readonly text: string }
  /** Progress of a step; `total` in the same unit as `done`. */
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
