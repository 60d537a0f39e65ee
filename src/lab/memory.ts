// Looks at the hypervisor from outside of the guest: at its CPUs, and at its memory, which can be written,
// too. Virtual addresses are translated
// by the page tables that the guest's CPU uses at that moment. Xen's own part is in all of them, except
// those of a guest's user mode (XPTI), so a miss is retried.

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hexNumber } from "../bytes/hex.ts";
import { writePhysical } from "./debugger.ts";
import { LabError } from "./errors.ts";
import type { QmpClient } from "./qmp.ts";

const PAGE_SIZE = 4096n;
const TRANSLATE_MAX_MS = 2_000;

let dumps = 0;

/** @throws LabError lab/memory when the address is not mapped */
export async function readVirtual(
  qmp: QmpClient,
  folder: string,
  address: bigint,
  length: number,
): Promise<Uint8Array> {
  const result = new Uint8Array(length);
  for (const piece of piecesOf(address, length)) {
    const physical = await translate(qmp, piece.address);
    const filename = `dump-${++dumps}`;
    await qmp.execute("pmemsave", { val: Number(physical), size: piece.length, filename });
    const path = join(folder, filename);
    result.set(readFileSync(path), piece.offset);
    rmSync(path);
  }
  return result;
}

/** @throws LabError lab/memory when the address is not mapped */
export async function writeVirtual(
  qmp: QmpClient,
  folder: string,
  address: bigint,
  bytes: Uint8Array,
): Promise<void> {
  const pieces: { physical: bigint; bytes: Uint8Array }[] = [];
  for (const piece of piecesOf(address, bytes.length)) {
    const part = bytes.subarray(piece.offset, piece.offset + piece.length);
    pieces.push({ physical: await translate(qmp, piece.address), bytes: part });
  }
  await writePhysical(qmp, folder, pieces);
}

interface Piece {
  readonly address: bigint;
  /** From the first requested byte on. */
  readonly offset: number;
  readonly length: number;
}

/** Consecutive virtual pages may not be consecutive in physical memory. */
function piecesOf(address: bigint, length: number): Piece[] {
  const pieces: Piece[] = [];
  for (let offset = 0; offset < length; ) {
    const at = address + BigInt(offset);
    const toPageEnd = Number(PAGE_SIZE - (at % PAGE_SIZE));
    const size = Math.min(toPageEnd, length - offset);
    pieces.push({ address: at, offset, length: size });
    offset += size;
  }
  return pieces;
}

async function translate(qmp: QmpClient, address: bigint): Promise<bigint> {
  const deadline = Date.now() + TRANSLATE_MAX_MS;
  for (;;) {
    const answer = await qmp.monitor(`gva2gpa 0x${address.toString(16)}`);
    const [, physical] = /^gpa: (0x[0-9a-f]+)$/.exec(answer) ?? [];
    if (physical !== undefined) return BigInt(physical);
    if (Date.now() > deadline) {
      throw new LabError({
        code: "lab/memory",
        problem: `Cannot reach memory at ${hexNumber(address)}: no page is mapped there`,
        where: answer,
      });
    }
    await sleep(1);
  }
}

/** Long enough for a loop that waits for a lock to go round many times. */
const BETWEEN_LOOKS_MS = 30;

/** @throws LabError lab/memory when QEMU shows no registers */
export async function instructionPointers(
  qmp: QmpClient,
  looks: number,
): Promise<readonly bigint[]> {
  const found: bigint[] = [];
  for (let look = 0; look < looks; look++) {
    await qmp.execute("cont");
    await sleep(BETWEEN_LOOKS_MS);
    await qmp.execute("stop");
    const text = await qmp.monitor("info registers -a");
    const pointers = [...text.matchAll(/^ *(?:RIP|PC)=([0-9a-f]{16})/gm)].map(([, hex]) =>
      BigInt(`0x${hex}`),
    );
    if (pointers.length === 0) {
      throw new LabError({
        code: "lab/memory",
        problem: "Cannot see where the CPUs stand: QEMU shows no registers",
        where: text.slice(0, 200),
      });
    }
    found.push(...pointers);
  }
  return found;
}
