// The three functions of the C library that hypercalls need. koffi is loaded on first use, so that
// everything else works where it has no binary.

import { HostError } from "../host/errors.ts";

export interface Memory {
  readonly address: bigint;
  /** A view of the memory itself, not a copy. Invalid after `unmap`. */
  readonly bytes: Uint8Array;
}

export interface Libc {
  /** Returns -errno instead of -1. */
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  /** The same on another thread, so that the event loop continues. */
  ioctlOnThread(fd: number, request: number, argument: Uint8Array): Promise<number>;
  /** `undefined` for anonymous locked memory instead of a device's. @throws HostError */
  map(length: number, fd: number | undefined): Memory;
  unmap(memory: Memory): void;
}

const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_PRIVATE_ANONYMOUS_LOCKED = 0x2 | 0x20 | 0x2000;
const MADV_DONTFORK = 10;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** @throws HostError host/unreachable where koffi does not load */
export async function loadLibc(): Promise<Libc> {
  const koffi = await loadKoffi();
  const library = koffi.load(null);
  const ioctl = library.func("int ioctl(int fd, unsigned long request, void *argument)");
  const mmap = library.func(
    "void *mmap(void *address, size_t length, int protection, int flags, int fd, long offset)",
  );
  const munmap = library.func("int munmap(void *address, size_t length)");
  const madvise = library.func("int madvise(void *address, size_t length, int advice)");
  return {
    ioctl(fd, request, argument) {
      const result: number = ioctl(fd, request, argument);
      return result < 0 ? -koffi.errno() : result;
    },
    ioctlOnThread(fd, request, argument) {
      return new Promise((resolve, reject) => {
        ioctl.async(fd, request, argument, (error: Error | null, result: number) => {
          if (error) reject(error);
          else resolve(result < 0 ? -koffi.errno() : result);
        });
      });
    },
    map(length, fd) {
      const flags = fd === undefined ? MAP_PRIVATE_ANONYMOUS_LOCKED : MAP_SHARED;
      const pointer: unknown = mmap(null, length, PROT_READ_WRITE, flags, fd ?? -1, 0);
      const errno = koffi.errno();
      const address = koffi.address(pointer);
      if (address === MAP_FAILED) throw noMemory(length, errno);
      // A fork would make these pages copy-on-write, and Xen would write to the wrong copy.
      madvise(pointer, length, MADV_DONTFORK);
      const bytes = new Uint8Array(koffi.view(pointer, length));
      return { address, bytes: bytes.fill(0) };
    },
    unmap({ address, bytes }) {
      munmap(address, bytes.length);
    },
  };
}

async function loadKoffi(): Promise<typeof import("koffi")["default"]> {
  try {
    return (await import("koffi")).default;
  } catch (cause) {
    throw new HostError(
      {
        code: "host/unreachable",
        problem: `Cannot make hypercalls on this machine: koffi has no binary for ${process.platform}-${process.arch}`,
        remedy:
          "reinstall xsplice with npm, optional dependencies included, or use --host ssh:USER@HOST",
      },
      { cause },
    );
  }
}

function noMemory(length: number, errno: number): HostError {
  return new HostError(
    {
      code: "host/unreachable",
      problem: `Cannot make hypercalls: no ${length} bytes of locked memory (error ${errno})`,
      remedy: "run as root, or raise the limit of locked memory (ulimit -l)",
    },
    { errno },
  );
}
