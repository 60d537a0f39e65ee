// Triggers that go wrong in every way that their author did not think of: one clear answer, never "closed". Signals
// in each phase are in prove-killed.test.ts.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { findTrigger } from "../../../src/prove/find-trigger.ts";
import { runXsplice } from "../../run-cli.ts";
import { whyNoCorpusSource } from "../build-corpus-source.ts";
import { writeFixPayload } from "./fix-payload.ts";

describe("xsplice prove with a trigger of the user's", { skip: await whyNoCorpusSource() }, () => {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-prove-"));
  const payload = join(folder, "right.livepatch");
  after(() => rmSync(folder, { recursive: true }));
  before(() => writeFixPayload("XSA-504", payload));

  interface Answer {
    readonly exitCode: number;
    readonly because: string;
    readonly text: string;
  }

  const prove = async (trigger: string, ...more: readonly string[]): Promise<Answer> => {
    const argv = ["prove", "--json", "--trigger", trigger, "--payload", payload, ...more];
    const { exitCode, stdout } = await runXsplice(argv);
    return { exitCode, because: JSON.parse(stdout).because ?? "", text: stdout };
  };

  /** The description of XSA-504, with another program. */
  const described = (source: string, program: object = {}, more: object = {}): string => {
    const { text } = findTrigger("XSA-504");
    const place = mkdtempSync(join(folder, "own-"));
    const changed = { ...text, program: { ...text.program, ...program }, ...more };
    writeFileSync(join(place, "trigger.json"), JSON.stringify(changed));
    writeFileSync(join(place, "trigger.c"), source);
    return join(place, "trigger.json");
  };
  const guest = (body: string, program: object = {}): string =>
    described(`#include "guest.h"\nint main(void) { ${body} }\n`, program);
  const inDom0 = (body: string): string =>
    described(`#include "dom0.h"\nint attack(int guest) { (void)guest; ${body} }\n`, {
      kind: "dom0",
      file: "trigger.c",
    });

  test("one that does not say that it is done, or fails, proves nothing", async () => {
    assert.equal((await prove(guest("return 0;"))).exitCode, 3);
    const failed = await prove(guest("return 1;"));
    assert.equal(failed.exitCode, 3);
    assert.match(failed.because, /the trigger failed/);
  });

  test("one that is a race is run until its hole shows, and as often with the payload", async () => {
    const source = `#include "guest.h"
      int main(void)
      {
        uint32_t low, high;
        __asm__ volatile ("rdtsc" : "=a"(low), "=d"(high));
        print(low >> 12 & 1 ? "open\\ndone\\n" : "shut\\ndone\\n");
        return 0;
      }`;
    const hole = { kind: "says", hole: "^open$", closed: "^shut$" };
    const trigger = described(source, {}, { hole, odds: { shows: 1, of: 2 } });
    const { exitCode, text } = await prove(trigger);
    assert.equal(exitCode, 2, text); // The payload is for something else.
    const { runs } = JSON.parse(text) as { runs: { run: string; saw: string; isMissed?: true }[] };
    const open = runs.filter(({ run }) => run === "unpatched");
    assert.equal(open.at(-1)?.saw, "hole");
    assert.ok(open.slice(0, -1).every(({ saw, isMissed }) => saw === "no-hole" && isMissed));
    assert.equal(runs.at(-1)?.saw, "hole");
  });

  test("one that does not compile is an error, with the compiler's words", async () => {
    for (const trigger of [guest("return 0"), inDom0("return 0")]) {
      const { exitCode, text } = await prove(trigger);
      assert.equal(exitCode, 1);
      assert.match(text, /guest\/compile-failed[\s\S]+expected/);
    }
  });

  test("one that never ends is destroyed after --timeout", async () => {
    const said = 'printf("so far\\n"); for (;;) pause();';
    for (const trigger of [guest('print("so far\\n"); for (;;) relax();'), inDom0(said)]) {
      const { exitCode, because } = await prove(trigger, "--timeout", "5");
      assert.equal(exitCode, 3);
      assert.match(because, /did not end in time; its last words: so far/);
    }
  });

  test("one that prints without end ends, and its text stays short", async () => {
    const flood = "all work and no play makes a dull guest\\n";
    for (const trigger of [
      guest(`for (;;) print("${flood}");`),
      inDom0(`for (;;) printf("${flood}");`),
    ]) {
      const { exitCode, because, text } = await prove(trigger, "--timeout", "3");
      assert.equal(exitCode, 3, text);
      assert.match(because, /did not end in time/);
      assert.ok(text.length < 1_000_000, `${text.length} characters`);
    }
  });

  test("one that takes dom0 down is told as that, not as its hole", async () => {
    const body = 'int f = open("/proc/sysrq-trigger", O_WRONLY); return write(f, "c", 1) - 1;';
    const { exitCode, because } = await prove(inDom0(body));
    assert.equal(exitCode, 3);
    assert.match(because, /dom0-down/);
  });

  test("one that wants more memory than the lab has is an error", async () => {
    const { exitCode, text } = await prove(guest("return 0;", { promisedPages: 1 << 20 }));
    assert.equal(exitCode, 1);
    assert.match(text, /ENOMEM|E2BIG/);
  });
});
