// A QEMU in its run directory, under a supervisor that ends it together with its owner.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ClaimedFolder, removeClaimable } from "../files/claimed-folder.ts";
import type { FileLock } from "../files/lock.ts";
import { unmarked } from "../processes/mark.ts";
import { LabError } from "./errors.ts";
import {
  imageName,
  type Machine,
  type MachineMemory,
  machineArguments,
  RunFile,
} from "./machine.ts";
import type { QemuProgram } from "./qemu-program.ts";
import { makeRunFolder } from "./run-folder.ts";
import { shareFile } from "./share-file.ts";

/** The real files behind the names in the run directory. */
export interface MachineFiles {
  readonly hypervisor: string;
  readonly kernel: string;
  readonly initrd: string;
  readonly images: readonly string[];
  /** Of "shared-file" and "private-file" memory. */
  readonly memory: string | undefined;
  /** Written to; outlives the machine. */
  readonly disk?: string | undefined;
  /** For a restored machine: its earlier console output. */
  readonly bootConsole: string | undefined;
}

export interface MachineStart {
  readonly qemu: QemuProgram;
  readonly machine: Machine;
  readonly files: MachineFiles;
  readonly memory: MachineMemory;
  /** Also held by QEMU while it runs: a lock on the cache that contains the files. */
  readonly cacheLock?: FileLock | undefined;
}

/** Time between the end of a connection and the supervisor's report. */
const END_POLLS = 200;
const END_POLL_MS = 5;
const LAST_LINES = 30;
/** The shell's exit code if a memory file is on a full disk. */
const ENDED_BY_SIGBUS = "135";
const ROOM_REMEDY =
  "free space on the disk of the cache directory: the guest's memory is a file there, and cannot grow";

export class SupervisedMachine {
  readonly folder: string;
  readonly #supervisor: ChildProcess;
  readonly #stopped: Promise<void>;

  static start(start: MachineStart): SupervisedMachine {
    const claimed = makeRunFolder();
    try {
      const links: [string, string | undefined][] = [
        [RunFile.hypervisor, start.files.hypervisor],
        [RunFile.kernel, start.files.kernel],
        [RunFile.initrd, start.files.initrd],
        [RunFile.memory, start.files.memory],
        [RunFile.disk, start.files.disk],
        [RunFile.bootConsole, start.files.bootConsole],
        ...start.files.images.map((path, index): [string, string] => [imageName(index), path]),
      ];
      for (const [name, target] of links) if (target) symlinkSync(target, join(claimed.path, name));
      return new SupervisedMachine(claimed, start);
    } catch (error) {
      claimed[Symbol.dispose]();
      throw error;
    }
  }

  private constructor(claimed: ClaimedFolder, start: MachineStart) {
    const { qemu, machine, memory, files, cacheLock } = start;
    this.folder = claimed.path;
    const held = [claimed, cacheLock].flatMap((lock) => (lock ? [lock.descriptor] : []));
    const argv = [
      ...qemu.argv,
      ...machineArguments(machine, memory, files.disk === undefined ? "no-disk" : "disk"),
    ];
    this.#supervisor = spawn("/bin/sh", [shareFile("lab/supervise.sh"), this.folder, ...argv], {
      // Its own process group: the terminal's ^C is for the owner, which then closes the pipe.
      detached: true,
      stdio: ["pipe", "ignore", "ignore", ...held],
      // It has a way of its own to end with its owner, and may be let go.
      env: unmarked({ ...process.env, ...qemu.env }),
    });
    claimed.letGo(); // From here on QEMU alone says that the lab lives.
    const lifeline = this.#supervisor.stdin as Socket | null;
    lifeline?.on("error", () => undefined); // The supervisor ended first: all the same.
    // An owner may end without closing its lab; that closes the pipe and so ends the lab.
    lifeline?.unref();
    this.#supervisor.unref();
    this.#stopped = new Promise((resolve) => {
      this.#supervisor.once("exit", () => resolve());
      this.#supervisor.once("error", () => resolve());
    });
  }

  /** @throws LabError lab/boot-failed when QEMU has ended */
  requireRunning(): void {
    const status = readIfThere(join(this.folder, RunFile.exitStatus));
    if (status === undefined && existsSync(this.folder)) return;
    throw this.#endedError(status);
  }

  /** Why QEMU ended, or is about to: its own output and the end of the console. */
  async endReport(cause?: unknown): Promise<LabError> {
    for (let attempt = 0; attempt < END_POLLS; attempt++) {
      const status = readIfThere(join(this.folder, RunFile.exitStatus));
      if (status !== undefined) return this.#endedError(status, cause);
      await sleep(END_POLL_MS);
    }
    return this.#endedError(undefined, cause);
  }

  /** Keeps it running after this process; before, it would have ended with this process. */
  async detach(): Promise<void> {
    await new Promise<void>((resolve) => this.#supervisor.stdin?.end("detach\n", () => resolve()));
  }

  /** Ends QEMU and removes the run directory; returns when both are done. */
  async stop(): Promise<void> {
    this.#supervisor.ref();
    this.#supervisor.stdin?.end();
    await this.#stopped;
    // The supervisor's cleanup, in case that it was killed before.
    removeClaimable(this.folder);
  }

  #endedError(status: string | undefined, cause?: unknown): LabError {
    const words = ["qemu.log", RunFile.console]
      .map((name) => readIfThere(join(this.folder, name))?.trim() ?? "")
      .filter((text) => text !== "")
      .flatMap((text) => text.split(/\r?\n/).slice(-LAST_LINES));
    return new LabError(
      {
        code: "lab/boot-failed",
        problem: `Cannot bring a lab up: its QEMU ended with status ${status?.trim() ?? "unknown"}`,
        where: words.join("\n") || "without a word",
        ...(status?.trim() === ENDED_BY_SIGBUS ? { remedy: ROOM_REMEDY } : {}),
      },
      { cause },
    );
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
