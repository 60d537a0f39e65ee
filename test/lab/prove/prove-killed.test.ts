// ^C and kill -9 in each phase of a proof and of a guest's own lab: one word, no lab, no half of an evidence.
// XSPLICE_KILLED_IN="every phase" takes them all (npm run test:killed-proofs); otherwise a few.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { whyNoCorpusSource } from "../build-corpus-source.ts";
import { type Meeting, requireNothingLeft } from "../killed-command.ts";
import { writeFixPayload } from "./fix-payload.ts";

const main = fileURLToPath(new URL("../../../src/cli/main.js", import.meta.url));
const isWhole = process.env["XSPLICE_KILLED_IN"] === "every phase";
const signals = ["SIGINT", "SIGKILL"] as const;

/** What is said on the way, and which signals `npm test` sends there. */
const phases: readonly (readonly [string, ...Meeting["signal"][]])[] = [
  ["without the payload: starting a lab"],
  ["without the payload: attacking", "SIGKILL"],
  ["with the payload: starting another guest"],
  ["with the payload: applying", "SIGINT"],
  ["with the payload: attacking"],
  ["with the payload: looking"],
  ["after the revert: reverting", "SIGKILL"],
  ["after the revert: attacking"],
];

describe("a proof that is killed", { skip: await whyNoCorpusSource() }, () => {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-killed-"));
  const payload = join(folder, "right.livepatch");
  const argv = [main, "prove", "--verbose", "--trigger", "XSA-504", "--payload", payload];
  after(() => rmSync(folder, { recursive: true }));
  before(() => writeFixPayload("XSA-504", payload));

  const requireNoEvidence = (): void => {
    const left = readdirSync(folder).filter((file) => file.startsWith("right."));
    assert.deepEqual(left, ["right.livepatch"]);
  };

  for (const [word, ...tested] of phases) {
    for (const signal of isWhole ? signals : tested) {
      test(`leaves nothing when ${signal} comes ${word}`, async () => {
        await requireNothingLeft({ signal, argv, folder, word });
        requireNoEvidence();
      });
    }
  }

  test("leaves no compiler when SIGINT comes while it compiles", async () => {
    const [CC, pidFile] = [join(folder, "compiler"), join(folder, "compiler.pid")];
    writeFileSync(
      CC,
      `#!/bin/sh\necho $$ >${pidFile}.new\nmv ${pidFile}.new ${pidFile}\nexec sleep 600\n`,
      { mode: 0o755 },
    );
    const env = { CC, TMPDIR: mkdtempSync(join(folder, "tmp-")) };
    const isTime = (): boolean => existsSync(pidFile);
    await requireNothingLeft({ signal: "SIGINT", argv, folder, env, isTime });
    requireNoEvidence();
    assert.deepEqual(readdirSync(env.TMPDIR), []);
    assert.ok(!existsSync(`/proc/${readFileSync(pidFile, "utf8").trim()}`));
  });

  for (const signal of isWhole ? signals : []) {
    test(`leaves nothing when ${signal} comes while parts are fetched`, async () => {
      let asked = 0;
      const mirror = createServer(() => {
        asked++;
      });
      await new Promise<void>((resolve) => mirror.listen(0, "127.0.0.1", resolve));
      const { port } = mirror.address() as AddressInfo;
      const env = {
        XDG_CACHE_HOME: mkdtempSync(join(folder, "cache-")),
        XSPLICE_DEBIAN_MIRROR: `http://127.0.0.1:${port}/debian`,
      };
      const isTime = (): boolean => asked > 0;
      await requireNothingLeft({ signal, argv, folder, env, isTime });
      requireNoEvidence();
      mirror.close();
    });
  }
});

const loop = '#include "guest.h"\nint main(void) { print("here\\n"); for (;;) relax(); }\n';

describe("a guest in a lab of its own", { skip: await whyNoCorpusSource() }, () => {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-killed-"));
  after(() => rmSync(folder, { recursive: true }));

  for (const signal of isWhole ? signals : (["SIGKILL"] as const)) {
    for (const word of isWhole ? ["", "here"] : ["here"]) {
      test(`leaves nothing when ${signal} comes ${word === "" ? "while the lab starts" : "while it runs"}`, async () => {
        const guest = join(folder, "loop.c");
        writeFileSync(guest, loop);
        const argv = [main, "lab", "guest", "run", "--timeout", "300", guest];
        await requireNothingLeft({ signal, argv, folder, word });
      });
    }
  }
});
