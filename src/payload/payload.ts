// The contents of a live patch after reading (parse.ts, inspect.ts): everything by name and number,
// with the targets of relocations resolved. Addresses in a payload exist only after Xen has loaded it,
// so a place is a section and an offset, or an undefined symbol.

import type { Architecture } from "../isa/architecture.ts";
import type { HookKind } from "../xen-abi/hooks.ts";
import type { PayloadVersion } from "../xen-abi/release.ts";
import type { OriginDigests } from "./made-from/origin.ts";
import type { SourceDigests } from "./made-from/sources.ts";
import type { Reason } from "./reasons.ts";
import type { SymbolMap } from "./symbol-map.ts";

/** The target of a pointer in a payload's tables. */
export type Target =
  /** In the payload itself; `symbol` is the one that starts there, if any. */
  | {
      readonly kind: "own";
      readonly section: string;
      readonly offset: number;
      readonly symbol: string | undefined;
    }
  /** In Xen or another payload: an undefined symbol, plus an offset in bytes. */
  | { readonly kind: "symbol"; readonly symbol: string; readonly addend: bigint }
  /** A number in the file, which Xen uses unchanged. */
  | { readonly kind: "address"; readonly address: bigint };

/** `name`: Xen looks the entry's name up when it loads the payload. */
export type OldAddress = Target | { readonly kind: "name" };

interface FunctionEntry {
  /** The name that Xen prints and, without an old address, looks up; `undefined` for a null pointer. */
  readonly name: string | undefined;
  readonly oldAddress: OldAddress;
  /** Size of the patched code, in bytes. */
  readonly oldSize: number;
  /** Bytes that Xen must find at the old address, or it refuses to apply; version 2 only. */
  readonly expectation: Uint8Array | undefined;
}

/** Xen writes a jump to the new code at the old address. */
export interface ReplaceEntry extends FunctionEntry {
  readonly kind: "replace";
  readonly newAddress: Target;
  readonly newSize: number;
}

/** Xen overwrites `newSize` bytes, at most 31, with NOPs. */
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

/** The parts that Xen's loader reads, other than code and data. */
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
  /**
   * Why functions were replaced; several reasons for one function are possible. Only payloads made by
   * xSplice have them.
   */
  readonly reasons: readonly Reason[] | undefined;
}

export interface PayloadSection {
  readonly name: string;
  readonly sizeBytes: number;
  /** What Xen does with it: mapped as code, data or read-only data, or not loaded. */
  readonly loaded: "code" | "writable" | "read-only" | "no";
}

export interface ExportedSymbol {
  readonly name: string;
  readonly section: string;
  readonly sizeBytes: number;
}

/** A table that Xen processes besides the livepatch tables, e.g. `.bug_frames.2`. */
export interface SpecialTable {
  readonly section: string;
  readonly sizeBytes: number;
}

/** A payload whose tables Xen's loader accepts. */
export interface Payload extends PayloadTables {
  /** The name of the file in messages. */
  readonly source: string;
  readonly sizeBytes: number;
  readonly specialTables: readonly SpecialTable[];
  /** Undefined symbols, which Xen or a loaded payload must define; sorted. */
  readonly needs: readonly string[];
  /** Symbols that later payloads can link against, and that must be unique on a host. */
  readonly exports: readonly ExportedSymbol[];
  readonly sections: readonly PayloadSection[];
  /** The payload's origin; not all payloads have one. */
  readonly origin: OriginDigests | undefined;
  /** The texts of hand-written code in it, if any. */
  readonly sources: SourceDigests | undefined;
}

type OftenMissing = "version" | "buildId" | "depends";

/** The readable part of a file that claims to be a payload; see inspect.ts. */
export type PayloadContents = Omit<Payload, OftenMissing> & {
  readonly [Key in OftenMissing]: Payload[Key] | undefined;
};
