// JSON of others: nested a million deep, with numbers and names that no field can have. Wherever it is read, it is
// refused by name, at once.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { MemoryJournal } from "../../src/hosts/journal/memory.ts";
import { decodeRemote, infoSchema, listSchema } from "../../src/hosts/ssh/remote-json.ts";
import { FakeHost } from "../fake-host.ts";
import { runXsplice } from "../run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-bombs-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const DEPTH = 1_000_000;
const bombs = {
  "a million lists in each other": "[".repeat(DEPTH) + "]".repeat(DEPTH),
  "a million lists that never end": "[".repeat(DEPTH),
  "objects in each other": `${'{"version":'.repeat(DEPTH / 10)}1${"}".repeat(DEPTH / 10)}`,
  "numbers without a bound": '{"version":1e999,"format":-1e999,"steps":[1e308]}',
  "names of JavaScript's own": '{"__proto__":{"version":2},"constructor":{"version":2}}',
};

const file = join(folder, "bomb.json");
const depot = join(folder, "depot");
mkdirSync(join(depot, "draft"), { recursive: true });
mkdirSync(join(depot, "metadata"));
const readers: readonly (readonly [string, ...string[]])[] = [
  ["sync", "--plan", file],
  ["bisect", "--abandon", "--state", file],
  ["depot", "status", depot],
  ["prove", "--trigger", file, "--payload", file],
];
for (const [what, text] of Object.entries(bombs)) {
  test(`${what} are no plan, search, depot, trigger, journal or answer`, async () => {
    writeFileSync(file, text);
    writeFileSync(join(depot, "draft/depot.json"), text);
    for (const args of readers) {
      const { stderr, exitCode } = await runXsplice(args, { host: new FakeHost() });
      assert.equal(exitCode, 1, `${args.join(" ")}\n${stderr.slice(0, 500)}`);
      assert.match(stderr, /^Cannot /);
      assert.ok(stderr.length < 5000);
    }
    for (const schema of [infoSchema, listSchema]) {
      assert.throws(() => decodeRemote(text, schema, "ssh:root@evil"), /^\w+: Cannot understand/);
    }
    const host = Object.assign(new FakeHost().put("fix", { kind: "checked" }), {
      journal: Object.assign(new MemoryJournal(), { text }),
    });
    assert.equal((await runXsplice(["log"], { host })).exitCode, 1);
    const applied = await runXsplice(["apply", "fix"], { host });
    assert.equal(applied.exitCode, 0, applied.stderr.slice(0, 500));
    assert.match(applied.stderr, /^warning: this release cannot read the host's journal/);
  });
}

test("a journal of others shows its entries on a line each, without effect on the terminal", async () => {
  const entry = {
    action: "apply",
    name: "x\u001b[2J\n2026-12-01T00:00:00Z root@dom0 apply forged done",
    at: "2026\u001b[H",
    by: "eve\nroot",
    from: "h\u202e",
    result: "done\n",
    stack: ["a\nb"],
  };
  const scene = { loaded: [], stack: [] };
  const text = JSON.stringify({ version: 1, bootId: "boot", scene, log: [entry] });
  const host = Object.assign(new FakeHost(), {
    journal: Object.assign(new MemoryJournal(), { text }),
  });
  const { stdout } = await runXsplice(["log"], { host });
  assert.equal(stdout.trimEnd().split("\n").length, 2);
  for (const evil of ["\u001b", "\u202e"]) assert.ok(!stdout.includes(evil), stdout);
});
