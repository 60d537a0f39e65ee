// Guests that Xen's own xl starts, on each release of Xen that we can run.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { compileGuest } from "../../src/guest/compile-guest.ts";
import { domainsOf } from "../../src/guest/domains.ts";
import { runGuest } from "../../src/guest/run-guest.ts";
import { findGuest, startGuest } from "../../src/guest/toolstack-guest.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { shareFile } from "../../src/lab/share-file.ts";
import { guestOf } from "./guest-of.ts";
import { describeOnXen } from "./why-no-xen.ts";

const TIMEOUT_MS = 30_000;
const folder = mkdtempSync(join(tmpdir(), "xsplice-toolstack-"));
after(() => rmSync(folder, { recursive: true }));

function pvFile(): Uint8Array {
  const path = join(folder, "pv.elf");
  // The C file lies beside this test's own source, not beside what is compiled of it.
  const source = fileURLToPath(new URL("../../../test/lab/pv-guest.c", import.meta.url));
  const flags = ["-O2", "-ffreestanding", "-nostdlib", "-static", "-no-pie", "-fno-pic"];
  const more = ["-mno-red-zone", "-mgeneral-regs-only", "-fcf-protection=none"];
  const link = ["-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-Wl,--build-id=none"];
  const place = "-Wl,-Ttext-segment=0x400000";
  execFileSync("gcc", [...flags, ...more, ...link, place, source, "-o", path]);
  return readFileSync(path);
}

for (const xen of ["4.14", "4.17", "4.20"]) {
  await describeOnXen(xen, `guests by xl on Xen ${xen}`, () => {
    let lab: Lab;
    before(async () => {
      lab = await openLab({ xen, userland: "full" });
    });
    after(async () => {
      await lab.close();
    });
    const nothingIsLeft = async (): Promise<void> => {
      const left = (await domainsOf(lab).list()).filter(({ isDying }) => !isDying);
      assert.deepEqual(left, []);
    };

    test("one of the kind pvh prints, and ends with its exit code", async () => {
      const image = await guestOf(folder, 'print("hello\\n"); return 7;', 64);
      const program = { kind: "pvh", image } as const;
      const { outcome, output } = await runGuest(lab, program, { timeoutMs: TIMEOUT_MS });
      assert.equal(output, "hello\n");
      assert.deepEqual(outcome, { kind: "ended", exitCode: 7 });
      await nothingIsLeft();
    });

    test("one of the kind pv prints on its console, and switches itself off", async () => {
      const program = { kind: "pv", file: pvFile() } as const;
      const { outcome, output } = await runGuest(lab, program, { timeoutMs: TIMEOUT_MS });
      assert.match(output, /hello from pv/);
      assert.equal(outcome.kind, "ended");
      await nothingIsLeft();
    });

    if (xen !== "4.17") return; // The rest is the same code for each.

    test("one that counts is found by its number, and is gone when it was destroyed", async () => {
      const image = await compileGuest(shareFile("guest/counter.c"), 32);
      const { domain } = await startGuest(lab, { kind: "pvh", image });
      const found = await findGuest(lab, domain);
      await found.destroy();
      await nothingIsLeft();
      const { stdout } = await lab.exec(["xl", "list"]);
      assert.doesNotMatch(stdout.toString(), /xsplice-/);
    });

    test("a file that is no kernel is refused with the toolstack's words, and leaves nothing", async () => {
      await assert.rejects(
        startGuest(lab, { kind: "pv", file: Buffer.from("no ELF file") }),
        /by its toolstack[\s\S]+xl|xc/,
      );
      await nothingIsLeft();
    });
  });
}
