// What Xen holds of a loaded payload. Records of passes are readonly; what changes over the
// payload's life is a record of its own, which a fork of the model copies.

import type { LivepatchFunc } from "../xen-abi/livepatch-func.ts";
import type { Placement } from "./load/place-sections.ts";
import type { PreparedHooks } from "./prepare/hooks.ts";
import type { Place } from "./verdict.ts";

export interface ModelFunction {
  readonly entry: LivepatchFunc;
  /** Resolved: by relocation, or from the name. */
  readonly oldAddress: bigint;
  /** Of the entry, in memory. */
  readonly address: bigint;
  /** Of the entry, in the file. */
  readonly place: Place;
  /** State that the file itself brought, on releases that keep state in the payload. */
  readonly initialState: FunctionState;
}

/** What Xen remembers of a splice. */
export interface FunctionState {
  readonly isApplied: boolean;
  readonly patchOffset: number;
  readonly saved: Uint8Array;
  /** A 1 for each saved byte that is not known. */
  readonly savedUnknown: Uint8Array | undefined;
}

/** A name that later payloads can refer to. */
export interface ExportedSymbol {
  readonly name: string;
  readonly value: bigint;
}

/** What loading made of the file; never changes. */
export interface LoadedPayload {
  readonly name: string;
  readonly placement: Placement;
  readonly buildId: Uint8Array;
  readonly depends: Uint8Array;
  readonly functions: readonly ModelFunction[];
  readonly hooks: PreparedHooks;
  readonly metadata: Uint8Array;
  readonly exports: readonly ExportedSymbol[];
  readonly isFunctionTableWritable: boolean;
}

export interface PayloadLife {
  readonly payload: LoadedPayload;
  readonly state: "checked" | "applied";
  /** 0 or a negative error number, as LIST and GET tell it. */
  readonly rc: number;
  /** Was applied and reverted at least once. */
  readonly wasReverted: boolean;
  /** Parallel to the payload's functions. */
  readonly functionStates: readonly FunctionState[];
}
