// A host in memory for the tests of commands: payloads by name, states as Xen would keep them, and
// failures on request.

import { HostError } from "../src/host/errors.ts";
import type {
  Action,
  ActOptions,
  ActOutcome,
  HostInfo,
  ListedPayload,
  LivepatchHost,
  PayloadStatus,
} from "../src/host/host.ts";

export class FakeHost implements LivepatchHost {
  readonly label = "fake host";
  readonly capabilities = { timeLimit: true, noDependencies: true, console: true, metadata: true };
  readonly payloads = new Map<string, ListedPayload>();
  readonly uploads: { readonly name: string; readonly bytes: Uint8Array }[] = [];
  readonly actions: { action: Action; name: string; options: ActOptions }[] = [];
  /** Thrown by the next actions of that kind. */
  readonly failures = new Map<Action | "upload" | "list" | "info", Error>();
  buildId = "11".repeat(20);
  isClosed = false;

  put(name: string, status: PayloadStatus, metadata: readonly string[] = []): this {
    this.payloads.set(name, { name, status, metadata });
    return this;
  }

  async info(): Promise<HostInfo> {
    this.#failIfAsked("info");
    return {
      version: { major: 4, minor: 17, extra: ".5" },
      buildId: this.buildId,
      compiler: "gcc",
      compiledAt: "today",
      architecture: "x86_64",
      bootId: "boot",
    };
  }

  async list(): Promise<readonly ListedPayload[]> {
    this.#failIfAsked("list");
    return [...this.payloads.values()];
  }

  async status(name: string): Promise<PayloadStatus | undefined> {
    return this.payloads.get(name)?.status;
  }

  async upload(name: string, bytes: Uint8Array): Promise<void> {
    this.#failIfAsked("upload");
    if (this.payloads.has(name)) {
      const problem = `Cannot upload "${name}": a payload of that name is loaded`;
      throw new HostError({ code: "host/refused", problem }, { errno: 17 });
    }
    this.uploads.push({ name, bytes });
    this.put(name, { kind: "checked" });
  }

  async act(action: Action, name: string, options: ActOptions): Promise<ActOutcome> {
    this.actions.push({ action, name, options });
    this.#failIfAsked(action);
    if (action === "unload") this.payloads.delete(name);
    else this.put(name, { kind: action === "revert" ? "checked" : "applied" });
    const status = this.payloads.get(name)?.status;
    return { action, name, result: "done", retries: 0, elapsedMs: 1, status, reverted: [] };
  }

  async console(): ReturnType<LivepatchHost["console"]> {
    return { text: "", mark: { kind: "index", index: 0 }, lost: false };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
  }

  #failIfAsked(what: Action | "upload" | "list" | "info"): void {
    const failure = this.failures.get(what);
    if (failure !== undefined) throw failure;
  }
}
