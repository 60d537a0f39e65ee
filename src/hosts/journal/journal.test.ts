import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { JournalStore } from "../../host/journal-store.ts";
import type { RemoteScript } from "../remote-script.ts";
import { FileJournal } from "./file.ts";
import { ScriptJournal } from "./script.ts";

const root = mkdtempSync(join(tmpdir(), "xsplice-journal-"));
after(() => rmSync(root, { recursive: true, force: true }));
const options = { deadlineMs: 30_000 };

/** The script's own folder is not touched: it is told another one. */
function runIn(folder: string, cutTo?: number) {
  return async ({ script, args = [], stdin }: RemoteScript) => {
    const words = ["-c", script, "xsplice", folder, ...args.slice(1)];
    const input = stdin?.subarray(0, cutTo ?? stdin.length);
    const run = spawnSync("sh", words, input ? { input } : {});
    const [stdout, stderr] = [run.stdout.toString(), run.stderr.toString()];
    return { stdout, stderr, exitCode: run.status ?? 1 };
  };
}

const kinds: Readonly<Record<string, (folder: string) => JournalStore>> = {
  FileJournal: (folder) => new FileJournal(folder),
  ScriptJournal: (folder) => new ScriptJournal("a dom0", runIn(folder)),
};

for (const [kind, open] of Object.entries(kinds)) {
  test(`${kind} gives back what was written last, and nothing where nothing was`, async () => {
    const folder = join(root, kind, "deep");
    const journal = open(folder);
    assert.equal(await journal.read(options), undefined);
    await journal.write("one\n", options);
    await journal.write("two: a longer text, with ' and \" and \\ and ä\n", options);
    assert.equal(await journal.read(options), "two: a longer text, with ' and \" and \\ and ä\n");
    await journal.write("three\n", options);
    assert.equal(await open(folder).read(options), "three\n");
    assert.deepEqual(readdirSync(folder), ["journal.json"]);
  });

  test(`${kind} sets one aside, and the next one begins`, async () => {
    const folder = join(root, `${kind} aside`);
    const journal = open(folder);
    await journal.write("of another release\n", options);
    const text = await journal.read(options);
    const at = new Date("2026-01-01T00:00:00Z");
    const place = (await journal.setAside({ text, at }, options)) ?? assert.fail();
    const name = "journal.unread-2026-01-01T00-00-00.000Z.json";
    assert.equal(basename(place), name);
    assert.equal(await journal.read(options), undefined);
    await journal.write("new\n", options);
    assert.equal(readFileSync(join(folder, name), "utf8"), "of another release\n");
    assert.deepEqual(readdirSync(folder).sort(), ["journal.json", name]);
  });

  test(`${kind} sets nothing aside but what was read`, async () => {
    const folder = join(root, `${kind} meanwhile`);
    const journal = open(folder);
    const at = new Date();
    assert.equal(await journal.setAside({ text: "seen", at }, options), undefined);
    for (const text of ["another one", ""]) {
      await journal.write(text, options);
      assert.equal(await journal.setAside({ text: "seen", at }, options), undefined);
      assert.equal(await journal.setAside({ text: undefined, at }, options), undefined);
      assert.equal(await journal.read(options), text);
    }
    assert.deepEqual(readdirSync(folder), ["journal.json"]);
  });

  test(`${kind} sets aside what is damaged, and what cannot be read`, async () => {
    const folder = join(root, `${kind} damaged`);
    const journal = open(folder);
    const damages = { "no text": Buffer.from([0x7b, 0xff, 0xfe, 0x0a]), empty: Buffer.alloc(0) };
    for (const [what, bytes] of Object.entries(damages)) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "journal.json"), bytes);
      const text = (await journal.read(options)) ?? assert.fail(`${what}: taken for none`);
      const at = new Date();
      const place = (await journal.setAside({ text, at }, options)) ?? assert.fail(what);
      await sleep(2); // Its name tells one from the other.
      assert.deepEqual(readFileSync(join(folder, basename(place))), bytes);
    }
    mkdirSync(join(folder, "journal.json"));
    await assert.rejects(journal.read(options), /Cannot read the journal/);
    assert.ok(await journal.setAside({ text: undefined, at: new Date() }, options));
    assert.equal(await journal.read(options), undefined);
  });

  test(`${kind} sets a journal aside once when many want to at the same time`, async () => {
    const folder = join(root, `${kind} many`);
    const text = "of another release\n";
    await open(folder).write(text, options);
    const commands = Array.from({ length: 8 }, async (_, number) => {
      const journal = open(folder);
      const at = new Date(Date.UTC(2026, 0, 1, 0, 0, number));
      const place = await journal.setAside({ text, at }, options);
      if (place !== undefined) await journal.write("new\n", options);
      return place;
    });
    const places = (await Promise.all(commands)).filter((place) => place !== undefined);
    assert.equal(places.length, 1);
    assert.equal(await open(folder).read(options), "new\n");
    assert.equal(readFileSync(join(folder, basename(places[0] ?? "")), "utf8"), text);
  });

  test(`${kind} says where it cannot be kept, and why`, async () => {
    const folder = join(root, `${kind} is a file`);
    writeFileSync(folder, "");
    await assert.rejects(open(folder).write("text", options), (error: unknown) => {
      assert.match(String(error), /Cannot keep the journal/);
      return error instanceof Error && "report" in error;
    });
  });
}

test("ScriptJournal keeps the old journal when the new one is cut short on the way", async () => {
  const folder = join(root, "cut");
  await new ScriptJournal("a dom0", runIn(folder)).write("the old one", options);
  const cut = new ScriptJournal("a dom0", runIn(folder, 5));
  await assert.rejects(cut.write("the new one", options), /cut short/);
  assert.equal(await cut.read(options), "the old one");
  assert.deepEqual(readdirSync(folder), ["journal.json"]);
});
