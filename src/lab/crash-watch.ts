// Notices that a lab has crashed: Xen prints it on its console, QEMU ends, or dom0's agent stops
// answering.

import { closeSync, type FSWatcher, openSync, readFileSync, readSync, watch } from "node:fs";
import type { AgentClient } from "../agent/client.ts";
import { AgentError } from "../agent/errors.ts";
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
/** Time until the panic's text, or QEMU's last output, is complete in the file. */
const SETTLE_MS = 150;
/** Length of the console excerpt around the first message of a crash, or at the end. */
const LINES_BEFORE = 5;
const LINES_AFTER = 40;

/** A hypervisor that faults endlessly also prints endlessly. */
const CONSOLE_MAX = 4 * 1024 * 1024;

const DEATH_WORDS: readonly (readonly [RegExp, CrashReport["kind"]])[] = [
  [/Panic on CPU \d+:|\*\*\* DOUBLE FAULT \*\*\*/, "hypervisor-panic"],
  [/Hardware Dom0 (crashed|halted|shutdown)|Entering ACPI S5 state/, "dom0-down"],
];

export interface Watched {
  /** The file that QEMU writes the guest's serial port to. */
  readonly consolePath: string;
  readonly agent: AgentClient;
  /** Resolves when QEMU has ended. */
  readonly machineEnd: Promise<void>;
  /** How long dom0's agent may take to answer. */
  readonly hangAfterMs: number;
}

export class CrashWatch {
  /** Never resolves for a lab that is closed without a crash. */
  readonly crashed: Promise<CrashReport>;
  readonly #consolePath: string;
  readonly #console: number;
  readonly #timers = new Set<NodeJS.Timeout>();
  #watcher: FSWatcher | undefined;
  #resolve: (report: CrashReport) => void = () => undefined;
  #text = "";
  #closed = false;

  constructor({ consolePath, agent, machineEnd, hangAfterMs }: Watched) {
    this.crashed = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#consolePath = consolePath;
    // Opened at the start, so that it is readable even after the run directory is removed.
    this.#console = openSync(consolePath, "r");
    this.#watchConsole();
    machineEnd.then(() => this.#die("machine-ended"));
    const interval = Math.min(HEARTBEAT_INTERVAL_MS, hangAfterMs);
    this.#every(interval, () => this.#beat(agent, hangAfterMs));
  }

  /** The hypervisor's console output since this machine was started or restored. */
  consoleText(): string {
    if (!this.#closed) this.#readOn();
    return this.#text;
  }

  close(): void {
    if (this.#closed) return;
    this.#readOn();
    this.#closed = true;
    this.#stopWatching();
    closeSync(this.#console);
  }

  #watchConsole(): void {
    const look = (): void => {
      const death = findDeath(this.consoleText());
      if (death) this.#die(death.kind);
    };
    try {
      this.#watcher = watch(this.#consolePath, { persistent: false }, look);
      this.#watcher.on("error", () => undefined);
    } catch {
      this.#every(SETTLE_MS, look); // The machine's inotify instances are used up.
    }
  }

  #beat(agent: AgentClient, hangAfterMs: number): void {
    const silence = new AbortController();
    // If this process itself was delayed, the answer is waiting in the socket: it is read first.
    const timer = setTimeout(() => setImmediate(() => silence.abort()), hangAfterMs).unref();
    const answered = agent.hypercall(HEARTBEAT, silence.signal).catch((error: unknown) => {
      const silent = error instanceof AgentError && error.report.code === "agent/aborted";
      if (silent) this.#die("dom0-hung");
    });
    answered.then(() => clearTimeout(timer));
  }

  #die(kind: CrashReport["kind"]): void {
    this.#stopWatching();
    if (this.#closed) return;
    this.#timers.add(
      setTimeout(() => {
        const text = this.consoleText();
        const death = findDeath(text);
        this.#resolve({ kind: death?.kind ?? kind, console: excerpt(text, death?.at) });
      }, SETTLE_MS),
    );
  }

  #stopWatching(): void {
    this.#watcher?.close();
    for (const timer of this.#timers) clearInterval(timer);
  }

  #every(intervalMs: number, work: () => void): void {
    this.#timers.add(setInterval(work, intervalMs).unref());
  }

  #readOn(): void {
    const buffer = Buffer.alloc(64 * 1024);
    while (this.#text.length < CONSOLE_MAX) {
      // One character is one byte in latin1.
      const count = readSync(this.#console, buffer, 0, buffer.length, this.#text.length);
      if (count === 0) return;
      this.#text += buffer.toString("latin1", 0, count);
    }
  }
}

/** The crash that a console shows, for later clients. */
export function findCrash(consolePath: string): CrashReport | undefined {
  const text = readFileSync(consolePath, "latin1").slice(0, CONSOLE_MAX);
  const death = findDeath(text);
  return death && { kind: death.kind, console: excerpt(text, death.at) };
}

function findDeath(text: string): { kind: CrashReport["kind"]; at: number } | undefined {
  for (const [words, kind] of DEATH_WORDS) {
    const at = text.search(words);
    if (at >= 0) return { kind, at };
  }
  return undefined;
}

function excerpt(text: string, at: number | undefined): string {
  if (at === undefined) return text.trimEnd().split(/\r?\n/).slice(-LINES_AFTER).join("\n");
  const before = text
    .slice(0, at)
    .split(/\r?\n/)
    .slice(-LINES_BEFORE - 1);
  const after = text.slice(at).trimEnd().split(/\r?\n/).slice(0, LINES_AFTER);
  return [...before.slice(0, -1), `${before.at(-1)}${after[0]}`, ...after.slice(1)].join("\n");
}
