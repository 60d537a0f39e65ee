// What a live patch says, once its bytes are read (parse.ts, inspect.ts): everything by name and
// number, relocations resolved to what they point at. Addresses in a payload exist only after Xen
// has loaded it, so a place is a section and an offset, or a symbol of somebody else.

import type { Architecture } from "../isa/architecture.ts";
import type { HookKind } from "../xen-abi/hooks.ts";
import type { PayloadVersion } from "../xen-abi/release.ts";
import type { OriginDigests } from "./origin.ts";
import type { Reason } from "./reasons.ts";
import type { SymbolMap } from "./symbol-map.ts";

/** What a pointer in a payload's tables points at. */
export type Target =
  /** Into the payload itself; `symbol` is the one that starts there, if one does. */
  | {
      readonly kind: "own";
      readonly section: string;
      readonly offset: number;
      readonly symbol: string | undefined;
    }
  /** Into Xen or another payload: an undefined symbol, plus bytes. */
  | { readonly kind: "symbol"; readonly symbol: string; readonly addend: bigint }
  /** A number in the file, used by Xen as it is. */
  | { readonly kind: "address"; readonly address: bigint };

/** `name`: Xen looks the entry's name up when it loads the payload. */
export type OldAddress = Target | { readonly kind: "name" };

interface FunctionEntry {
  /** What Xen prints and, without an old address, looks up; `undefined` for a null pointer. */
  readonly name: string | undefined;
  readonly oldAddress: OldAddress;
  /** Of what is patched, in bytes. */
  readonly oldSize: number;
  /** Bytes that Xen must find at the old address, or it refuses to apply; version 2 only. */
  readonly expectation: Uint8Array | undefined;
}

/** The new code takes over: Xen writes a jump to it at the old address. */
export interface ReplaceEntry extends FunctionEntry {
  readonly kind: "replace";
  readonly newAddress: Target;
  readonly newSize: number;
}

/** Xen overwrites `newSize` bytes, 31 at most, with instructions that do nothing. */
export interface NopEntry extends FunctionEntry {
  readonly kind: "nop";
  readonly newSize: number;
}

/** Nothing is written; only the expectation is checked. */
export interface GuardEntry extends FunctionEntry {
  readonly kind: "guard";
}

export type PayloadFunction = ReplaceEntry | NopEntry | GuardEntry;

export interface PayloadHook {
  readonly kind: HookKind;
  readonly target: Target;
}

/** What Xen's loader reads of a payload: the part that is told apart from its code and data. */
export interface PayloadTables {
  readonly architecture: Architecture;
  readonly version: PayloadVersion;
  /** In the order of the table, which is the order in which Xen applies them. */
  readonly functions: readonly PayloadFunction[];
  /** Grouped by kind, in the order of `hookKinds`. */
  readonly hooks: readonly PayloadHook[];
  /** Hex, as all ids here. */
  readonly buildId: string;
  /** Build-id of the payload or hypervisor directly below. */
  readonly depends: string;
  /** Build-id of the hypervisor; payloads of version 1 have none. */
  readonly xenDepends: string | undefined;
  /** Strings of `.modinfo`, by convention `key=value`. */
  readonly metadata: readonly string[];
  /** Only payloads made by xSplice have one. */
  readonly symbolMap: SymbolMap | undefined;
  /** Why functions were replaced; several for one function. Only payloads made by xSplice have them. */
  readonly reasons: readonly Reason[] | undefined;
}

export interface PayloadSection {
  readonly name: string;
  readonly sizeBytes: number;
  /** What becomes of it: mapped as code, data or read-only data, or left out. */
  readonly loaded: "code" | "writable" | "read-only" | "no";
}

export interface ExportedSymbol {
  readonly name: string;
  readonly section: string;
  readonly sizeBytes: number;
}

/** A table that Xen processes besides the livepatch ones, e.g. `.bug_frames.2`. */
export interface SpecialTable {
  readonly section: string;
  readonly sizeBytes: number;
}

/** A payload that Xen's loader takes as far as its tables go. */
export interface Payload extends PayloadTables {
  /** What the file is called in messages. */
  readonly source: string;
  readonly sizeBytes: number;
  readonly specialTables: readonly SpecialTable[];
  /** Undefined symbols, which Xen or a loaded payload must have; sorted. */
  readonly needs: readonly string[];
  /** Symbols that later payloads can link against, and that nobody else may have. */
  readonly exports: readonly ExportedSymbol[];
  readonly sections: readonly PayloadSection[];
  /** What it was made from; not all payloads say. */
  readonly origin: OriginDigests | undefined;
}

type OftenMissing = "version" | "buildId" | "depends";

/** What could be read of a file that claims to be a payload; see inspect.ts. */
export type PayloadContents = Omit<Payload, OftenMissing> & {
  readonly [Key in OftenMissing]: Payload[Key] | undefined;
};
