// Memory that is never moved. Xen walks the caller's page tables and does not fault pages in (ABI
// reference §6.7), so its inputs and outputs are copied to and from such buffers, which are used again.

import { closeSync, openSync } from "node:fs";
import type { Libc, Memory } from "./libc.ts";

const PAGE_SIZE = 4096;
/** More are needed only when calls run in parallel. */
const KEPT_MAX = 4;

export class ResidentMemory {
  readonly #libc: Libc;
  /** Of /dev/xen/hypercall, whose pages the kernel never moves; missing before Linux 4.18. */
  readonly #device: number | undefined;
  readonly #free: Memory[] = [];

  /** @param devicePath /dev/xen/hypercall */
  constructor(libc: Libc, devicePath: string) {
    this.#libc = libc;
    this.#device = openIfThere(devicePath);
  }

  /** @throws HostError host/unreachable when no such memory is available */
  take(size: number): Memory {
    const fitting = this.#free.findIndex(({ bytes }) => bytes.length >= size);
    const [kept] = fitting < 0 ? [] : this.#free.splice(fitting, 1);
    const pages = Math.max(1, Math.ceil(size / PAGE_SIZE));
    return kept ?? this.#libc.map(pages * PAGE_SIZE, this.#device);
  }

  /** Keeps the largest. */
  give(memory: Memory): void {
    this.#free.push(memory);
    this.#free.sort((left, right) => left.bytes.length - right.bytes.length);
    const smallest = this.#free.length > KEPT_MAX ? this.#free.shift() : undefined;
    if (smallest) this.#libc.unmap(smallest);
  }

  close(): void {
    for (const memory of this.#free.splice(0)) this.#libc.unmap(memory);
    if (this.#device !== undefined) closeSync(this.#device);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r+");
  } catch {
    return undefined; // locked memory of our own does as well
  }
}
