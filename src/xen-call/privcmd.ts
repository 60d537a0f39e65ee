// Hypercalls from this dom0, through Linux's privcmd device: ABI reference §6.7.

import { closeSync, openSync, readFileSync } from "node:fs";
import { HostError } from "../host/errors.ts";
import { codeOfSystemError } from "../system-state.ts";
import { type Libc, loadLibc, type Memory } from "./libc.ts";
import { ResidentMemory } from "./resident-memory.ts";
import type { Hypercall, HypercallAnswer, HypercallTransport } from "./transport.ts";

/** _IOC(NONE, 'P', 0, 48). */
const IOCTL_PRIVCMD_HYPERCALL = 0x00305000;
/** struct privcmd_hypercall: u64 op, u64 arg[5]. */
const PRIVCMD_HYPERCALL_SIZE = 48;
const ARGUMENTS_MAX = 5;

/**
 * From this size on another thread makes the call; below, switching threads would cost more than it
 * saves.
 */
const THREAD_ARENA_SIZE = 64 * 1024;

export interface PrivcmdPaths {
  /** Tried in turn. */
  readonly privcmd: readonly string[];
  readonly hypercall: string;
  /** Contains "xen" where Linux runs on Xen. */
  readonly hypervisorType: string;
}

const privcmdPaths: PrivcmdPaths = {
  privcmd: ["/dev/xen/privcmd", "/proc/xen/privcmd"],
  hypercall: "/dev/xen/hypercall",
  hypervisorType: "/sys/hypervisor/type",
};

/** @throws HostError host/unreachable: no Xen here, no device, no permission, no koffi */
export async function openPrivcmd(paths: PrivcmdPaths = privcmdPaths): Promise<HypercallTransport> {
  const { fd, path } = openDevice(paths);
  try {
    const libc = await loadLibc();
    return new PrivcmdTransport(libc, { fd, path, hypercallPath: paths.hypercall });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

class PrivcmdTransport implements HypercallTransport {
  readonly label: string;
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #memory: ResidentMemory;

  constructor(libc: Libc, device: { fd: number; path: string; hypercallPath: string }) {
    this.label = device.path;
    this.#libc = libc;
    this.#fd = device.fd;
    this.#memory = new ResidentMemory(libc, device.hypercallPath);
  }

  /** A hypercall cannot be cancelled once started: the signal has an effect only before. */
  async hypercall(call: Hypercall, signal?: AbortSignal): Promise<HypercallAnswer> {
    if (signal?.aborted) throw tooLate(this.label, signal.reason);
    const memory = this.#memory.take(call.arena.length);
    try {
      fill(memory, call);
      const argument = privcmdArgument(memory, call);
      const ioctl = [this.#fd, IOCTL_PRIVCMD_HYPERCALL, argument] as const;
      const result =
        call.arena.length < THREAD_ARENA_SIZE
          ? this.#libc.ioctl(...ioctl)
          : await this.#libc.ioctlOnThread(...ioctl);
      return { result, output: memory.bytes.slice(0, call.outputLength) };
    } finally {
      this.#memory.give(memory);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#memory.close();
    closeSync(this.#fd);
  }
}

function fill({ address, bytes }: Memory, { arena, pointers }: Hypercall): void {
  bytes.set(arena);
  const view = new DataView(bytes.buffer, bytes.byteOffset, arena.length);
  for (const { at, target } of pointers) view.setBigUint64(at, address + BigInt(target), true);
}

function privcmdArgument({ address }: Memory, { op, args }: Hypercall): Uint8Array {
  const argument = new Uint8Array(PRIVCMD_HYPERCALL_SIZE);
  const view = new DataView(argument.buffer);
  view.setBigUint64(0, BigInt(op), true);
  for (const [index, value] of args.slice(0, ARGUMENTS_MAX).entries()) {
    const number = "value" in value ? value.value : address + BigInt(value.arenaOffset);
    view.setBigUint64(8 + index * 8, number, true);
  }
  return argument;
}

function openDevice(paths: PrivcmdPaths): { fd: number; path: string } {
  let failure: unknown;
  for (const path of paths.privcmd) {
    try {
      return { fd: openSync(path, "r+"), path };
    } catch (error) {
      failure ??= error;
      if (!isAbsence(error)) throw noDevice(path, error, paths);
    }
  }
  throw noDevice(paths.privcmd[0] ?? "privcmd", failure, paths);
}

function isAbsence(error: unknown): boolean {
  return ["ENOENT", "ENXIO", "ENODEV"].includes(codeOfSystemError(error) ?? "");
}

function noDevice(path: string, cause: unknown, paths: PrivcmdPaths): HostError {
  const unreachable = (state: string, remedy: string): HostError => {
    const problem = `Cannot reach the hypervisor of this machine: ${state}`;
    return new HostError({ code: "host/unreachable", problem, where: path, remedy }, { cause });
  };
  if (!isAbsence(cause)) {
    const code = codeOfSystemError(cause) ?? "";
    return ["EACCES", "EPERM"].includes(code)
      ? unreachable(`no permission to open ${path}`, "run it as root")
      : unreachable(`${path} does not open (${code})`, "see what the kernel says (dmesg)");
  }
  return runsOnXen(paths.hypervisorType)
    ? unreachable(`there is no ${path}`, "run it in dom0, after: modprobe xen-privcmd")
    : unreachable(
        "this machine does not run on Xen",
        "name another host: --host ssh:USER@HOST, or --host lab for a Xen in QEMU",
      );
}

function runsOnXen(hypervisorType: string): boolean {
  try {
    return readFileSync(hypervisorType, "utf8").trim() === "xen";
  } catch {
    return false;
  }
}

function tooLate(label: string, cause: unknown): HostError {
  return new HostError(
    {
      code: "host/timeout",
      problem: `Cannot make a hypercall through ${label}: the time limit is over`,
    },
    { cause },
  );
}
