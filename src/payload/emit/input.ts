// What the emitter (emit.ts) is given: objects that a compiler made, and what their code is to
// become. Nothing here knows where the objects come from; `xsplice compile` and everything later
// that makes payloads fill in the same form.

import type { DraftSymbol, ElfDraft } from "../../elf/draft.ts";
import { XspliceError } from "../../error.ts";
import type { Architecture } from "../../isa/architecture.ts";
import type { CallClobbered } from "../../isa/x86-registers.ts";
import type { HookKind } from "../../xen-abi/hooks.ts";
import type { PayloadVersion } from "../../xen-abi/release.ts";
import type { Marker } from "../marker.ts";
import type { GuardLevel, PayloadMode } from "../metadata-keys.ts";
import type { PayloadOrigin } from "../origin.ts";
import type { Reason } from "../reasons.ts";

export interface SourceObject {
  /** What the object is called in messages, e.g. the C file that it was made from. */
  readonly source: string;
  readonly draft: ElfDraft;
}

/** A function of Xen that gets a new body. */
export interface Replacement {
  /** As Xen's own table spells it: `xen_extra_version`, `common/livepatch.c#get_name`. */
  readonly oldName: string;
  readonly oldSizeBytes: number;
  /** The new body, defined in one of the objects; its size is that of the body. */
  readonly newBody: DraftSymbol;
  /** First bytes of the old function, 31 at most, that must be there for Xen to apply. */
  readonly expectation?: Uint8Array | undefined;
}

/** Bytes of the hypervisor that must be there for Xen to apply; nothing is written. */
export interface GuardBytes {
  /** What Xen prints when the bytes differ, e.g. `do_xen_version+1043`. */
  readonly label: string;
  readonly oldName: string;
  /** From the start of that function, in bytes. */
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

/** What the payload asks of the payloads below it, and offers to those above; told in metadata. */
export interface Stacking {
  readonly mode: PayloadMode;
  /** What `guards` amount to. */
  readonly guard: GuardLevel;
  /** An applied-marker (marker.ts): only where mayCarryMarker() of xen-abi allows it. */
  readonly marker: "carried" | "none";
  /** Payloads that must be applied, besides what `depends` stands for. */
  readonly requires: readonly RequiredPayload[];
}

export interface RequiredPayload {
  /** Hex. */
  readonly buildId: string;
  /** By which Xen checks it; without one only planners know of it, from the metadata. */
  readonly marker: Marker | undefined;
}

/** Registers that code around a call expects to be left alone, and that the callee may change. */
export interface Keeping {
  /** The symbol that the hypervisor's own functions jump to, if they do not return by themselves. */
  readonly returnThunk: string | undefined;
  /** New bodies that callers in the hypervisor, or in payloads below, expect that of. */
  readonly entries: readonly KeptEntry[];
  /** Calls out of the payload whose caller expects that. */
  readonly calls: readonly KeptCall[];
}

/** A new body, with what it saves for its callers. */
export interface KeptEntry {
  readonly newBody: DraftSymbol;
  readonly registers: readonly CallClobbered[];
}

/** A call, with what is saved around it. */
export interface KeptCall {
  readonly caller: DraftSymbol;
  /** Of the field that says where the callee is, into the caller, in bytes. */
  readonly fieldOffset: number;
  readonly registers: readonly CallClobbered[];
}

export interface EmitInput {
  readonly architecture: Architecture;
  readonly payloadVersion: PayloadVersion;
  readonly objects: readonly SourceObject[];
  readonly replacements: readonly Replacement[];
  readonly guards: readonly GuardBytes[];
  readonly keeping?: Keeping | undefined;
  readonly hooks: readonly Hook[];
  readonly stacking: Stacking;
  /** Build-id of the payload or hypervisor directly below. */
  readonly depends: Uint8Array;
  /** Build-id of the hypervisor. */
  readonly xenDepends: Uint8Array;
  /** Goes to `.modinfo`, after what the emitter puts there (metadata-keys.ts). */
  readonly metadata: readonly (readonly [key: string, value: string])[];
  /** By names that only the patched source gives: what the hypervisor, or a payload below, calls it. */
  readonly newNames?: ReadonlyMap<string, string> | undefined;
  /** Why functions are replaced, for `inspect`; no hypervisor loads them. */
  readonly reasons?: readonly Reason[] | undefined;
  /** What it is made from, for those who build on top of it; no hypervisor loads it. */
  readonly origin?: PayloadOrigin | undefined;
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
  /** A branch to a replaced function that cannot be led through Xen's own entry. */
  | "emit/short-branch"
  /** More than Xen's loader takes. */
  | "emit/too-large";

export class EmitError extends XspliceError<EmitErrorCode> {}
