import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { SEATS } from "./machine.ts";
import { claimSeat } from "./seat.ts";

const world = mkdtempSync(join(tmpdir(), "xsplice-seat-"));
after(() => rmSync(world, { recursive: true, force: true }));

function emptyFolder(name: string): string {
  const folder = join(world, name);
  mkdirSync(folder);
  return folder;
}

/** No process has this id: the largest one that Linux gives is 2^22. */
const DEAD = String(2 ** 22 + 1);

test("claimSeat() gives each seat once, and again when its holder is gone", () => {
  const folder = emptyFolder("one");
  const seats = Array.from({ length: SEATS }, () => claimSeat(folder, "lab x"));
  assert.deepEqual(
    seats.map(({ index }) => index),
    [0, 1, 2, 3],
  );
  assert.throws(() => claimSeat(folder, "lab x"), /4 other clients are using it/);
  seats[2]?.release();
  assert.equal(claimSeat(folder, "lab x").index, 2);
  writeFileSync(join(folder, "seat-1"), DEAD);
  assert.equal(claimSeat(folder, "lab x").index, 1);
  assert.deepEqual(readdirSync(folder).sort(), ["seat-0", "seat-1", "seat-2", "seat-3"]);
});

/** Claims again and again; says how often another process held the same seat. */
const CLAIMANT = `
  const { claimSeat } = await import(${JSON.stringify(new URL("./seat.js", import.meta.url))});
  const { rmSync, writeFileSync } = await import("node:fs");
  const folder = process.argv[1];
  let shared = 0;
  for (let round = 0; round < 600; round++) {
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
    // As if it had been killed, now and then.
    if (round % 7 === 0) writeFileSync(folder + "/seat-" + seat.index, "${DEAD}");
    else seat.release();
  }
  console.log(shared);
`;

test("claimSeat() gives no seat to two processes at once, nor do those that were killed", async () => {
  const folder = emptyFolder("many");
  const claimants = Array.from({ length: 5 }, async () => {
    const argv = ["--input-type=module", "-e", CLAIMANT, folder];
    const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
    return await text(child.stdout);
  });
  assert.deepEqual(await Promise.all(claimants), Array(5).fill("0\n"));
});
