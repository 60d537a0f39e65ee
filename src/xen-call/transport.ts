// The small interface below the hypercall encodings: one hypercall with its memory. Xen walks page
// tables and never faults pages in (ABI §6.7), so a transport owns memory that stays resident, copies
// the arena in, sets the pointers, calls, and copies the answer out.

/** An argument: a number, or the address of a byte of the arena. */
export type HypercallArgument = { readonly value: bigint } | { readonly arenaOffset: number };

export interface Hypercall {
  /** Hypercall number: 35 sysctl, 17 xen_version. */
  readonly op: number;
  /** At most five. */
  readonly args: readonly HypercallArgument[];
  /** All buffers of the call, laid out by the caller, outputs first. */
  readonly arena: Uint8Array;
  /** Before the call, the u64 at arena byte `at` becomes the address of arena byte `target`. */
  readonly pointers: readonly { readonly at: number; readonly target: number }[];
  /** Number of bytes from the arena's start to return. */
  readonly outputLength: number;
}

export interface HypercallAnswer {
  /** The hypercall's own result: negative is -XEN_E…. */
  readonly result: number;
  /** The first `outputLength` bytes of the arena after the call. */
  readonly output: Uint8Array;
}

export interface HypercallTransport extends AsyncDisposable {
  /** For messages: "/dev/xen/privcmd", "agent of lab trial". */
  readonly label: string;
  /** @throws HostError when the hypercall could not be made; a refusal by Xen is an answer */
  hypercall(call: Hypercall, signal?: AbortSignal): Promise<HypercallAnswer>;
}
