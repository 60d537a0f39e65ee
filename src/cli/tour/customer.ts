// The tour's witness: a virtual machine that counts, as a customer's would work, while its hypervisor is
// patched.

import { setTimeout as sleep } from "node:timers/promises";
import { compileGuest } from "../../guest/compile-guest.ts";
import { GuestError } from "../../guest/errors.ts";
import { Guest } from "../../guest/guest.ts";
import { shareFile } from "../../lab/share-file.ts";
import type { Stage } from "./scene.ts";

/** How long it is watched without any patch, to see its usual pauses. */
const USUAL_MS = 1000;
const POLL_MS = 20;
const BEGIN_MAX_MS = 10_000;

/** What `demo --json` says of it. */
export interface CustomerSeen {
  readonly countBefore: number;
  readonly countAfter: number;
  /** Between two counts while the payload was applied and the attack came, and in a quiet second before. */
  readonly longestPauseMs: number;
  readonly usualPauseMs: number;
}

/** `undefined` where this hypervisor runs no such guest, which is told. */
export async function startCustomer({ call, page, lab }: Stage): Promise<Guest | undefined> {
  page.step("Start a virtual machine");
  page.words(`Somebody's program shall run while the hypervisor is patched: this virtual machine does
    nothing but count. A timer wakes it 500 times a second, and each time it adds one.`);
  page.gap();
  const options = { compiler: call.io.env["CC"] || undefined, signal: call.io.signal };
  const image = await compileGuest(shareFile("guest/counter.c"), 32, options);
  try {
    const guest = await Guest.start(lab, image);
    page.fact("counted to", `${await countOf(guest)}`);
    return guest;
  } catch (error) {
    if (!(error instanceof GuestError) || error.report.code !== "guest/unsupported") throw error;
    page.words("This hypervisor runs no such virtual machine, so the tour goes on without.");
    return undefined;
  }
}

/** Does `work` while the guest is watched. */
export async function whileCounting<Result>(
  guest: Guest | undefined,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly seen: CustomerSeen | undefined }> {
  if (guest === undefined) return { result: await work(), seen: undefined };
  await guest.forgetGaps();
  await sleep(USUAL_MS);
  const before = await guest.mailbox();
  await guest.forgetGaps();
  const result = await work();
  await moreThan(guest, (before?.count ?? 0n) + 2n);
  const after = await guest.mailbox();
  const seen = {
    countBefore: Number(before?.count ?? 0n),
    countAfter: Number(after?.count ?? 0n),
    longestPauseMs: rounded(after?.longestGapMs),
    usualPauseMs: rounded(before?.longestGapMs),
  };
  return { result, seen };
}

export function tellOfCustomer({ page }: Pick<Stage, "page">, seen: CustomerSeen): void {
  page.gap();
  page.words("And the virtual machine that counts? It went on all the while:");
  page.gap();
  page.fact("count", `${seen.countBefore} before, ${seen.countAfter} after`);
  page.fact(
    "pause",
    `${seen.longestPauseMs} ms at most; ${seen.usualPauseMs} ms in a quiet second before`,
  );
}

/** Waits until it has begun. */
export async function countOf(guest: Guest): Promise<bigint> {
  await moreThan(guest, 0n);
  return (await guest.mailbox())?.count ?? 0n;
}

async function moreThan(guest: Guest, count: bigint): Promise<void> {
  const end = performance.now() + BEGIN_MAX_MS;
  while (((await guest.mailbox())?.count ?? 0n) <= count && performance.now() < end) {
    await sleep(POLL_MS);
  }
}

function rounded(milliseconds: number | undefined): number {
  return Math.round((milliseconds ?? 0) * 10) / 10;
}
