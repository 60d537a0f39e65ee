import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
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
    const place = await journal.setAside(new Date("2026-01-01T00:00:00Z"), options);
    const name = "journal.unread-2026-01-01T00-00-00.000Z.json";
    assert.equal(basename(place), name);
    assert.equal(await journal.read(options), undefined);
    await journal.write("new\n", options);
    assert.equal(readFileSync(join(folder, name), "utf8"), "of another release\n");
    assert.deepEqual(readdirSync(folder).sort(), ["journal.json", name]);
    const nothing = open(join(root, "nowhere")).setAside(new Date(), options);
    await assert.rejects(nothing, /Cannot set the journal/);
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
