// A host is a place where payloads are applied. The command line, the planner, the bisection and the
// tests know nothing else about Xen: names, statuses and verdicts, no sysctl, no offset. The kinds of
// host (local, ssh, lab, model) are in hosts/; every module may import this one.

import type { Architecture } from "../isa/architecture.ts";
import type { BootStore } from "./boot-store.ts";
import type { CallOptions } from "./call-options.ts";
import type { JournalStore } from "./journal-store.ts";

/** Xen answers with two integers (`state`, `rc`); they are decoded once, into this type. */
export type PayloadStatus =
  /** Uploaded and verified, not applied. */
  | { readonly kind: "checked" }
  | { readonly kind: "applied" }
  /** An action is under way (`rc` is -EAGAIN). */
  | { readonly kind: "busy"; readonly settled: SettledState }
  /** The last action failed; `errno` is positive. */
  | { readonly kind: "failed"; readonly settled: SettledState; readonly errno: number };

export type SettledState = "checked" | "applied";

export interface ListedPayload {
  readonly name: string;
  readonly status: PayloadStatus;
  /** `key=value` strings of `.modinfo`; `undefined` where this kind of host cannot read them. */
  readonly metadata: readonly string[] | undefined;
}

export interface HostInfo {
  /** Xen's version, e.g. major 4, minor 17, extra ".5". */
  readonly version: { readonly major: number; readonly minor: number; readonly extra: string };
  /** Build-id of the running hypervisor, hex; `undefined` when it has none. */
  readonly buildId: string | undefined;
  readonly compiler: string | undefined;
  readonly compiledAt: string | undefined;
  readonly architecture: Architecture | undefined;
  /** Boot id of dom0's kernel, and so of this boot of the host: payloads are lost when it changes. */
  readonly bootId: string | undefined;
}

/** What this kind of host supports; a caller checks it first. */
export interface HostCapabilities {
  /** An action's time limit can be chosen (stock tools over ssh always use 30 ms). */
  readonly timeLimit: boolean;
  /** The dependency check of apply can be skipped. */
  readonly noDependencies: boolean;
  /** The hypervisor's console can be read. */
  readonly console: boolean;
  /** `list` has metadata. */
  readonly metadata: boolean;
}

export type Action = "apply" | "revert" | "replace" | "unload";

export interface ActOptions extends CallOptions {
  /** `hypervisor-only` is LIVEPATCH_ACTION_APPLY_NODEPS; for apply only. */
  readonly dependencyCheck: "whole-chain" | "hypervisor-only";
  /** For the first rendezvous of all CPUs; longer for each retry. Xen's own default is 30 ms. */
  readonly quiesceMs: number;
  /**
   * Of an unload: whoever asks has the consent that pointers of the hypervisor may dangle, and CPUs be in freed
   * code. Only for hosts that would ask as well, as one that is another xSplice.
   */
  readonly dangling?: "refuse" | "allow";
}

/** What was verified after an action, not what was requested. */
export interface ActOutcome {
  readonly action: Action;
  readonly name: string;
  /** `unnecessary`: the payload was already in the wanted state, nothing was done. */
  readonly result: "done" | "unnecessary";
  /** Rendezvous that timed out (-EBUSY) before the one that succeeded. */
  readonly retries: number;
  /** From the first hypercall to the confirmed result. */
  readonly elapsedMs: number;
  /** Status read at the end; `undefined` when the payload no longer exists, as after unload. */
  readonly status: PayloadStatus | undefined;
  /** Payloads that were applied before and are not any more: replace reverted them. */
  readonly reverted: readonly string[];
}

/** A position in the hypervisor's console output, to be passed to `console()`; opaque. */
export type ConsoleMark =
  /** Xen's own count of characters, modulo 2^32. */
  | { readonly kind: "index"; readonly index: number }
  /** The last text before the mark, for tools that print the ring and nothing else. */
  | { readonly kind: "tail"; readonly tail: string };

export interface ConsoleText {
  readonly text: string;
  readonly mark: ConsoleMark;
  /** The ring wrapped since the mark: the output in between is lost. */
  readonly lost: boolean;
}

/**
 * Every method throws HostError (errors.ts) when the hypervisor refuses or the host does not
 * answer within the deadline.
 */
export interface LivepatchHost extends AsyncDisposable {
  /** For people: "this dom0", "lab trial (Xen 4.17)", "ssh:root@host". */
  readonly label: string;
  readonly capabilities: HostCapabilities;
  /** Missing where nothing can be stored between two commands. */
  readonly journal?: JournalStore;
  /** Missing where nothing outlives a boot. */
  readonly boot?: BootStore | undefined;
  /**
   * Excludes other holders of the same lock until it is disposed of or this process ends, for any
   * reason. `undefined` when another process holds it. Missing where the host has no lock.
   */
  readonly lock?: ((options: CallOptions) => Promise<AsyncDisposable | undefined>) | undefined;
  info(options: CallOptions): Promise<HostInfo>;
  /** In load order, as Xen lists them; it shows neither dependency nor order of application. */
  list(options: CallOptions): Promise<readonly ListedPayload[]>;
  /** `undefined` when no payload of that name is loaded. */
  status(name: string, options: CallOptions): Promise<PayloadStatus | undefined>;
  upload(name: string, payload: Uint8Array, options: CallOptions): Promise<void>;
  /** Waits for the hypervisor's asynchronous result, retries where that helps, and verifies. */
  act(action: Action, name: string, options: ActOptions): Promise<ActOutcome>;
  /** What the hypervisor printed since `since`; without `since`, everything in the ring. */
  console(since: ConsoleMark | undefined, options: CallOptions): Promise<ConsoleText>;
}
