// Looks at the hypervisor from outside of the guest: at its CPUs, and at its memory, which can be written,
// too. Virtual addresses are translated by the page tables that CPU 0 uses at that moment, with the machine
// halted, so that they stay these. Xen's own part is in all of them but two: those of a guest's user mode (XPTI)
// have little of it, and those of an HVM guest nothing. Then the machine goes on, and it is tried again.

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

/** The machine is halted meanwhile. @throws LabError lab/memory when the address is not mapped */
export async function readVirtual(
  qmp: QmpClient,
  folder: string,
  address: bigint,
  length: number,
): Promise<Uint8Array> {
  const result = new Uint8Array(length);
  await withTranslated(qmp, piecesOf(address, length), async (pieces) => {
    for (const { physical, offset, length: size } of pieces) {
      const filename = `dump-${++dumps}`;
      await qmp.execute("pmemsave", { val: Number(physical), size, filename });
      const path = join(folder, filename);
      result.set(readFileSync(path), offset);
      rmSync(path);
    }
  });
  return result;
}

/** The machine is halted meanwhile. @throws LabError lab/memory when the address is not mapped */
export async function writeVirtual(
  qmp: QmpClient,
  folder: string,
  address: bigint,
  bytes: Uint8Array,
): Promise<void> {
  await withTranslated(qmp, piecesOf(address, bytes.length), async (pieces) => {
    const writes = pieces.map(({ physical, offset, length }) => ({
      physical,
      bytes: bytes.subarray(offset, offset + length),
    }));
    await writePhysical(qmp, folder, writes);
  });
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

interface TranslatedPiece extends Piece {
  readonly physical: bigint;
}

type UsePieces = (pieces: readonly TranslatedPiece[]) => Promise<void>;

/** Who halts a machine is alone at it: another one's end would let it go on. */
const turns = new WeakMap<QmpClient, Promise<void>>();

function withTranslated(qmp: QmpClient, pieces: readonly Piece[], use: UsePieces): Promise<void> {
  const before = turns.get(qmp) ?? Promise.resolve();
  const turn = before.then(() => translateAndUse(qmp, pieces, use));
  turns.set(
    qmp,
    turn.catch(() => undefined),
  );
  return turn;
}

/** Halts the machine, unless it is halted already, so that what is translated is what is used. */
async function translateAndUse(
  qmp: QmpClient,
  pieces: readonly Piece[],
  use: UsePieces,
): Promise<void> {
  const deadline = Date.now() + TRANSLATE_MAX_MS;
  for (;;) {
    const isRunning = await runs(qmp);
    if (isRunning) await qmp.execute("stop");
    try {
      const found = await translateAll(qmp, pieces);
      if (typeof found !== "string") return await use(found);
      if (Date.now() > deadline || !isRunning) throw unreachable(pieces, found);
    } finally {
      if (isRunning) await qmp.execute("cont");
    }
    await sleep(1);
  }
}

async function runs(qmp: QmpClient): Promise<boolean> {
  const { status } = (await qmp.execute("query-status")) as { status: string };
  return status === "running";
}

/** Or why not. */
async function translateAll(
  qmp: QmpClient,
  pieces: readonly Piece[],
): Promise<readonly TranslatedPiece[] | string> {
  if (!mayBeXens(await qmp.monitor("info registers"))) {
    return "CPU 0 is in a virtual machine, which has other page tables";
  }
  const found: TranslatedPiece[] = [];
  for (const piece of pieces) {
    const answer = await qmp.monitor(`gva2gpa 0x${piece.address.toString(16)}`);
    const [, physical] = /^gpa: (0x[0-9a-f]+)$/.exec(answer) ?? [];
    if (physical === undefined) return answer;
    found.push({ ...piece, physical: BigInt(physical) });
  }
  return found;
}

const CR0_PG = 1n << 31n;
const EFER_LMA = 1n << 10n;

/** An HVM guest without paging or of 32 bits has every address, at some place of its own. */
function mayBeXens(registers: string): boolean {
  const [, cr0] = /\bCR0=([0-9a-f]+)/.exec(registers) ?? [];
  const [, efer] = /\bEFER=([0-9a-f]+)/.exec(registers) ?? [];
  if (cr0 === undefined || efer === undefined) return true; // Not of x86, where HVM guests are not run.
  return (BigInt(`0x${cr0}`) & CR0_PG) !== 0n && (BigInt(`0x${efer}`) & EFER_LMA) !== 0n;
}

function unreachable(pieces: readonly Piece[], why: string): LabError {
  return new LabError({
    code: "lab/memory",
    problem: `Cannot reach memory at ${hexNumber(pieces[0]?.address ?? 0n)}: no page is mapped there`,
    where: why,
  });
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
