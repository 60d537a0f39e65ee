import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import {
  elsewhere,
  emptyFolder,
  kill,
  runUntilKilled,
  whyNotElsewhere,
} from "../files/files.test.support.ts";
import { SEATS } from "./machine.ts";
import { claimSeat } from "./seat.ts";

const seatModule = JSON.stringify(new URL("./seat.js", import.meta.url).href);

function claimScript(folder: string): string {
  return `import { claimSeat } from ${seatModule};
    globalThis.seat = claimSeat(${JSON.stringify(folder)}, "lab x");`;
}

test("claimSeat() gives each seat once, and again when its holder has left", (t) => {
  const folder = emptyFolder(t);
  const seats = Array.from({ length: SEATS }, () => claimSeat(folder, "lab x"));
  assert.deepEqual(
    seats.map(({ index }) => index),
    [0, 1, 2, 3],
  );
  assert.throws(() => claimSeat(folder, "lab x"), /4 other clients are using it/);
  seats[2]?.release();
  seats[2]?.release();
  const again = claimSeat(folder, "lab x");
  assert.equal(again.index, 2);
  for (const seat of [...seats, again]) seat.release();
});

test("claimSeat() gives again what a killed process had", async (t) => {
  const folder = emptyFolder(t);
  const holder = await runUntilKilled(t, claimScript(folder));
  const second = claimSeat(folder, "lab x");
  assert.equal(second.index, 1);
  await kill(holder);
  const first = claimSeat(folder, "lab x");
  assert.equal(first.index, 0);
  for (const seat of [first, second]) seat.release();
});

test("claimSeat() gives no seat that a process of another container has", {
  skip: whyNotElsewhere(),
}, async (t) => {
  const folder = emptyFolder(t);
  const own = claimSeat(folder, "lab x");
  await runUntilKilled(t, claimScript(folder), elsewhere);
  const third = claimSeat(folder, "lab x");
  assert.deepEqual([own.index, third.index], [0, 2]);
  for (const seat of [own, third]) seat.release();
});

/** Claims again and again; says how often another process held the same seat. */
const CLAIMANT = `
  const { claimSeat } = await import(${seatModule});
  const { rmSync, writeFileSync } = await import("node:fs");
  const folder = process.argv[1];
  let shared = 0;
  for (let round = 0; round < 40; round++) {
    let seat;
    try {
      seat = claimSeat(folder, "lab x");
    } catch (error) {
      if (error.report?.code !== "lab/busy") throw error;
      continue;
    }
    const mark = folder + "/held-" + seat.index;
    try {
      writeFileSync(mark, "", { flag: "wx" });
      rmSync(mark);
    } catch {
      shared++;
    }
    seat.release();
  }
  console.log(shared);
`;

test("claimSeat() gives no seat to two processes at once", async (t) => {
  const folder = emptyFolder(t);
  const claimants = Array.from({ length: SEATS + 1 }, async () => {
    const argv = ["--input-type=module", "-e", CLAIMANT, folder];
    const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
    return await text(child.stdout);
  });
  assert.deepEqual(await Promise.all(claimants), Array(SEATS + 1).fill("0\n"));
});
