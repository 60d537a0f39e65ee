// The emitter's input (emit.ts): compiled objects, and the purpose of their code. The emitter does not
// know the origin of the objects; `xsplice compile` and `build` fill in the same form.

import type { DraftSymbol, ElfDraft } from "../../elf/draft.ts";
import { XspliceError } from "../../error.ts";
import type { Architecture } from "../../isa/architecture.ts";
import type { CallClobbered } from "../../isa/x86-registers.ts";
import type { HookKind } from "../../xen-abi/hooks.ts";
import type { PayloadVersion } from "../../xen-abi/release.ts";
import type { PayloadOrigin } from "../made-from/origin.ts";
import type { PayloadSources } from "../made-from/sources.ts";
import type { Marker } from "../marker.ts";
import type { GuardLevel, PayloadMode } from "../metadata-keys.ts";
import type { Reason } from "../reasons.ts";

export interface SourceObject {
  /** The name of the object in messages, e.g. the C file that it was made from. */
  readonly source: string;
  readonly draft: ElfDraft;
}

/** A function of Xen that gets a new body. */
export interface Replacement {
  /** As spelt in Xen's own table: `xen_extra_version`, `common/livepatch.c#get_name`. */
  readonly oldName: string;
  readonly oldSizeBytes: number;
  /** The new body, defined in one of the objects; its size is the size of the body. */
  readonly newBody: DraftSymbol;
  /** First bytes of the old function, at most 31, that Xen must find to apply. */
  readonly expectation?: Uint8Array | undefined;
}

/** Bytes of the hypervisor that Xen must find to apply; nothing is written. */
export interface GuardBytes {
  /** What Xen prints when the bytes differ, e.g. `do_xen_version+1043`. */
  readonly label: string;
  readonly oldName: string;
  /** Offset from the start of that function, in bytes. */
  readonly oldOffset: number;
  /** 1 to 31. */
  readonly bytes: Uint8Array;
}

/** A function of the payload that Xen calls while it applies or reverts. */
export interface Hook {
  readonly kind: HookKind;
  /** The function, by a symbol of its own rather than its section's. */
  readonly code: DraftSymbol;
}

/** What the payload requires of the payloads below it, and offers to those above; recorded in metadata. */
export interface Stacking {
  readonly mode: PayloadMode;
  /** How much old code the `guards` cover. */
  readonly guard: GuardLevel;
  /** An applied-marker (marker.ts); only where mayCarryMarker() of xen-abi allows it. */
  readonly marker: "carried" | "none";
  /** Payloads that must be applied, besides what `depends` stands for. */
  readonly requires: readonly RequiredPayload[];
}

export interface RequiredPayload {
  /** Hex. */
  readonly buildId: string;
  /** The marker that Xen compares; without one, only planners know the requirement, from the metadata. */
  readonly marker: Marker | undefined;
}

/** Registers that callers rely on a callee to leave alone, although it may change them. */
export interface Keeping {
  /** The hypervisor's return thunk, to which its functions jump if they do not return directly. */
  readonly returnThunk: string | undefined;
  /** New bodies whose callers, in the hypervisor or in payloads below, rely on registers. */
  readonly entries: readonly KeptEntry[];
  /** Calls out of the payload whose caller relies on registers. */
  readonly calls: readonly KeptCall[];
}

/** A new body, and the registers to save for its callers. */
export interface KeptEntry {
  readonly newBody: DraftSymbol;
  readonly registers: readonly CallClobbered[];
}

/** A call, and the registers to save around it. */
export interface KeptCall {
  readonly caller: DraftSymbol;
  /** Offset of the field with the callee's distance, from the caller's start, in bytes. */
  readonly fieldOffset: number;
  readonly registers: readonly CallClobbered[];
}

/** What CPUs do in the payload's code besides running it when they are called; names of Xen's table. */
export interface StandingCode {
  /** CPUs stand in it while Xen patches, and leave it a moment later. */
  readonly lingers: readonly string[];
  /** A CPU may stay in it for as long as the host runs. */
  readonly parks: readonly string[];
  /** A vCPU may sleep in it for as long as a monitor of its domain likes. */
  readonly sleeps: readonly string[];
  /** Xen may run it while it patches, and the author allows that. */
  readonly unsafe: readonly string[];
}

export interface EmitInput {
  readonly architecture: Architecture;
  readonly payloadVersion: PayloadVersion;
  readonly objects: readonly SourceObject[];
  readonly replacements: readonly Replacement[];
  readonly guards: readonly GuardBytes[];
  /** Functions of payloads below, or replaced by them, that no other payload may have replaced since. */
  readonly uncovered?: readonly string[] | undefined;
  readonly keeping?: Keeping | undefined;
  readonly standing?: StandingCode | undefined;
  /** Names of which the hypervisor lets only one loaded payload have each (exclusive-names.ts). */
  readonly exclusive?: readonly string[] | undefined;
  readonly hooks: readonly Hook[];
  readonly stacking: Stacking;
  /** Build-id of the payload or hypervisor directly below. */
  readonly depends: Uint8Array;
  /** Build-id of the hypervisor. */
  readonly xenDepends: Uint8Array;
  /** Goes to `.modinfo`, after what the emitter puts there (metadata-keys.ts). */
  readonly metadata: readonly (readonly [key: string, value: string])[];
  /** By names that only the patched source has: the name in the hypervisor, or in a payload below. */
  readonly newNames?: ReadonlyMap<string, string> | undefined;
  /** Why functions are replaced, for `inspect`; not loaded by any hypervisor. */
  readonly reasons?: readonly Reason[] | undefined;
  /** The payload's origin, for building on top of it; not loaded by any hypervisor. */
  readonly origin?: PayloadOrigin | undefined;
  /** The texts of hand-written code; not loaded by any hypervisor. */
  readonly sources?: PayloadSources | undefined;
  /** Some releases write into the table: wantsWritableFuncs() of xen-abi. */
  readonly funcsAccess: "read-only" | "writable";
}

export type EmitErrorCode =
  /** Two objects define the same global symbol. */
  | "emit/duplicate-symbol"
  /** Objects of different machines. */
  | "emit/machine"
  /** A section or symbol that no payload can carry. */
  | "emit/unsupported"
  /** Entries, hooks or metadata that contradict each other or the version. */
  | "emit/bad-request"
  /** A branch to a replaced function that cannot be redirected to Xen's own entry. */
  | "emit/short-branch"
  /** More than Xen's loader accepts. */
  | "emit/too-large";

export class EmitError extends XspliceError<EmitErrorCode> {}
