// docs/guides/depot.md and keeping-hosts-patched.md, followed as a reader would: each command as it stands.

import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { DepotUnderTest } from "./depot-under-test.ts";

// They are no output of the compiler.
const guides = fileURLToPath(new URL("../../../docs/guides/", import.meta.url));
const own = new DepotUnderTest();
const home = process.cwd();
after(() => {
  process.chdir(home);
  own.remove();
});

function commandsOf(page: string): readonly string[] {
  const text = readFileSync(join(guides, page), "utf8");
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  return blocks.flatMap((block) => block.split("\n")).filter((line) => line !== "");
}

/** Words of a shell, as far as the pages have them. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

async function follow(page: string): Promise<void> {
  for (const line of commandsOf(page)) {
    const mayFail = line.endsWith(" || true");
    const [program, ...args] = wordsOf(line.replace(/ \|\| true$/, ""));
    assert.equal(program, "xsplice", line);
    const run = await own.try(args);
    assert.ok(run.exitCode === 0 || (mayFail && run.exitCode === 2), `${line}\n${run.stderr}`);
  }
}

test("docs/guides/depot.md holds, command by command", async () => {
  const first = own.make("first", { functions: ["alpha", "beta"] });
  own.make("second", { functions: ["beta", "gamma"], on: [first] });
  writeFileSync(join(own.folder, "report.json"), "{}");
  process.chdir(own.folder);
  await follow("depot.md");
});

test("docs/guides/keeping-hosts-patched.md holds, command by command", async () => {
  copyFileSync(own.root, join(own.folder, "root.json"));
  await follow("keeping-hosts-patched.md");
  assert.deepEqual(own.applied, ["first", "second"]);
});
