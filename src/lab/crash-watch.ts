// Notices that a lab is dead: Xen says so on its console, QEMU ends, or dom0's agent goes silent.

import { closeSync, type FSWatcher, openSync, readSync, watch } from "node:fs";
import type { AgentClient } from "../agent/client.ts";
import type { CrashReport } from "./errors.ts";

/** From /dev/xen/privcmd: hypercall xen_version, sub-operation version; no memory needed. */
const HEARTBEAT = {
  op: 17,
  args: [{ value: 0n }, { value: 0n }],
  arena: new Uint8Array(),
  pointers: [],
  outputLength: 0,
};
const HEARTBEAT_INTERVAL_MS = 5_000;
/** A hypercall may keep the agent for the 4.3 s of the longest rendezvous, and a machine be busy. */
const HEARTBEAT_MAX_MS = 30_000;
/** Until a panic's text, or QEMU's last words, are all in the file. */
const SETTLE_MS = 150;
const LAST_LINES = 40;

const DEATH_WORDS: readonly (readonly [RegExp, CrashReport["kind"]])[] = [
  [/Panic on CPU \d+:/, "hypervisor-panic"],
  [/(Hardware )?Dom0 (crashed|halted|shutdown|poweroff|powered)/i, "dom0-down"],
];

export class CrashWatch {
  /** Never settles for a lab that is closed alive. */
  readonly crashed: Promise<CrashReport>;
  readonly #consolePath: string;
  readonly #console: number;
  readonly #timers = new Set<NodeJS.Timeout>();
  #watcher: FSWatcher | undefined;
  #resolve: (report: CrashReport) => void = () => undefined;
  #text = "";
  #closed = false;

  /** `machineEnd` settles when QEMU has ended. */
  constructor(consolePath: string, agent: AgentClient, machineEnd: Promise<void>) {
    this.crashed = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#consolePath = consolePath;
    // Open from the start: readable even when the run folder is gone.
    this.#console = openSync(consolePath, "r");
    this.#watchConsole();
    machineEnd.then(() => this.#die("machine-ended"));
    this.#every(HEARTBEAT_INTERVAL_MS, () => this.#beat(agent));
  }

  /** What the hypervisor's console said since this machine was started or restored. */
  consoleText(): string {
    if (!this.#closed) this.#readOn();
    return this.#text;
  }

  close(): void {
    if (this.#closed) return;
    this.#readOn();
    this.#closed = true;
    this.#watcher?.close();
    for (const timer of this.#timers) clearInterval(timer);
    closeSync(this.#console);
  }

  #watchConsole(): void {
    const look = (): void => {
      const text = this.consoleText();
      const found = DEATH_WORDS.find(([words]) => words.test(text));
      if (found) this.#die(found[1]);
    };
    try {
      this.#watcher = watch(this.#consolePath, { persistent: false }, look);
      this.#watcher.on("error", () => undefined);
    } catch {
      this.#every(SETTLE_MS, look); // The machine's inotify instances are used up.
    }
  }

  #beat(agent: AgentClient): void {
    agent.hypercall(HEARTBEAT, AbortSignal.timeout(HEARTBEAT_MAX_MS)).catch((error: unknown) => {
      const code = error instanceof Error && "report" in error ? error.report : undefined;
      const silent = typeof code === "object" && code !== null && "code" in code;
      if (silent && code.code === "agent/aborted") this.#die("dom0-hung");
    });
  }

  #die(kind: CrashReport["kind"]): void {
    if (this.#closed) return;
    const settle = (): void => {
      const text = this.consoleText();
      const said = DEATH_WORDS.find(([words]) => words.test(text))?.[1];
      const lines = text.trimEnd().split(/\r?\n/).slice(-LAST_LINES);
      this.#resolve({ kind: said ?? kind, console: lines.join("\n") });
    };
    this.#timers.add(setTimeout(settle, SETTLE_MS));
  }

  #every(intervalMs: number, work: () => void): void {
    this.#timers.add(setInterval(work, intervalMs).unref());
  }

  #readOn(): void {
    const buffer = Buffer.alloc(64 * 1024);
    for (;;) {
      const count = readSync(
        this.#console,
        buffer,
        0,
        buffer.length,
        Buffer.byteLength(this.#text, "latin1"),
      );
      if (count === 0) return;
      this.#text += buffer.toString("latin1", 0, count);
    }
  }
}
