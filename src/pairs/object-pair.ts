// One object of the hypervisor, before and after the fix.

export interface ObjectPair {
  /** Below `xen/`, such as `common/kernel.o`. */
  readonly object: string;
  /** C or assembly files that it is compiled from; nearly always one. */
  readonly sources: readonly string[];
  /** `undefined` for an object that the patch adds. */
  readonly before: Uint8Array | undefined;
  /** In the source itself, then with the patches of each payload below; the last one is `before`. */
  readonly levels: readonly (Uint8Array | undefined)[];
  readonly after: Uint8Array;
  /** Of the patched side. */
  readonly command: string;
  /** Below `xen/`, of both sides. */
  readonly dependencies: readonly string[];
  /** As the author named it: a file with hooks, which is compiled beside Xen's own and no part of the patch. */
  readonly hookFile?: string | undefined;
}
