// What a dom0 keeps to apply after a reboot, by a script of its own, the payloads that were applied before
// (share/boot/). hosts/boot/ implements it; src/boot/ decides what is kept.

import type { CallOptions } from "./call-options.ts";

export interface KeptPayload {
  readonly name: string;
  /** `undefined`: the host knows it from an earlier call, or nobody does. */
  readonly bytes: Uint8Array | undefined;
}

export interface AppliedKept extends KeptPayload {
  /** As in ActOptions. */
  readonly dependencyCheck: "whole-chain" | "hypervisor-only";
}

/** The payloads on a host, as they are to be found there after a reboot. */
export interface KeptSet {
  /** Hex: under another hypervisor none of them is applied. */
  readonly xenBuildId: string;
  /** From the bottom to the top; `undefined` where that order is not known. */
  readonly applied: readonly AppliedKept[] | undefined;
  /** Loaded and not applied: their files are kept as long as this boot lasts. */
  readonly idle: readonly KeptPayload[];
}

export interface KeepOutcome {
  /** Without it nothing will be applied. */
  readonly order: "known" | "unknown";
  /** Names of applied payloads whose file the host does not have: these, and all above, will be missing. */
  readonly unknown: readonly string[];
  /** Names of applied payloads that were set aside earlier, and so will be missing. */
  readonly quarantined: readonly string[];
}

export interface BootReport {
  readonly bootId: string;
  /** `manual`: the host has no systemd, so somebody else has to start the script. */
  readonly service: "off" | "disabled" | "manual" | "systemd";
  /** `xsplice.boot=off` is on the command line of dom0's kernel. */
  readonly turnedOff: boolean;
  /** The installed script is the one that this release of xSplice installs. */
  readonly script: "current" | "other" | "none";
  readonly settleSeconds: number | undefined;
  readonly lists: readonly KeptList[];
  readonly young: readonly { readonly name: string; readonly seconds: number }[];
  readonly quarantined: readonly QuarantinedPayload[];
  /** What the script did at the last boot at which it ran. */
  readonly last: LastBoot | undefined;
}

export interface KeptList {
  readonly xenBuildId: string;
  /** `undefined` for a format of another release. */
  readonly payloads:
    | readonly { readonly name: string; readonly sha256: string | undefined }[]
    | undefined;
}

export interface QuarantinedPayload {
  readonly name: string;
  readonly sha256: string;
  /** The host went down while it was being applied, or soon after. */
  readonly why: "applying" | "young";
}

export interface LastBoot {
  readonly bootId: string;
  /** A word of share/boot/start.sh; `undefined` when the script was killed. */
  readonly ending: string | undefined;
  readonly applied: readonly string[];
  readonly missing: readonly { readonly name: string; readonly why: string }[];
}

/** Methods throw HostError when the host does not answer, or nothing can be stored there. */
export interface BootStore {
  isEnabled(options: CallOptions): Promise<boolean>;
  /** @returns what will start the script at the next boot */
  enable(settleSeconds: number, options: CallOptions): Promise<"manual" | "systemd">;
  disable(options: CallOptions): Promise<void>;
  keep(set: KeptSet, options: CallOptions): Promise<KeepOutcome>;
  /** Allows them to be applied again. */
  release(sha256s: readonly string[], options: CallOptions): Promise<void>;
  report(options: CallOptions): Promise<BootReport>;
}
