// What a place promises that a depot is read from.

export interface DepotSource {
  /** As the user named it. */
  readonly place: string;
  /**
   * @param path below the depot's folder
   * @returns `undefined` when there is no such file
   * @throws DepotError depot/unreachable; depot/not-trusted for more than `maxLength` bytes
   */
  readonly read: (path: string, maxLength: number) => Promise<Uint8Array | undefined>;
  /** What the other side takes for the time; nobody has signed it. */
  readonly toldTime?: () => Date | undefined;
}

export interface SourceOptions {
  readonly signal: AbortSignal;
  /** For each file. */
  readonly deadlineMs: number;
}
