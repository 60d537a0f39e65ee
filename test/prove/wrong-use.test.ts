// `npm run prove` with what cannot be meant: words and an exit code, and no stack trace.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("./prove-main.js", import.meta.url));

function prove(...args: readonly string[]): {
  readonly status: number | null;
  readonly said: string;
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: "utf8",
  });
  return { status, said: `${stdout}${stderr}` };
}

const wrongUses = [
  { args: ["--nonsense"], status: 64, says: /'--nonsense'[\s\S]+usage: npm run prove/ },
  { args: ["--only", "XSA-1"], status: 1, says: /Cannot use "XSA-1"[\s\S]+XSA-504/ },
  { args: ["--on", "4.99"], status: 64, says: /no hypervisor has "4.99"[\s\S]+4\.20/ },
  { args: ["--source", "x", "--name", "n"], status: 64, says: /--xen-syms, --config, --image/ },
];
for (const { args, status, says } of wrongUses) {
  test(`npm run prove says what is wrong with ${args.join(" ")}`, () => {
    const told = prove(...args);
    assert.equal(told.status, status, told.said);
    assert.match(told.said, says);
    assert.doesNotMatch(told.said, /^ {4}at /m);
  });
}

test("npm run prove -- --help tells its options, and does nothing", () => {
  const { status, said } = prove("--help");
  assert.equal(status, 0);
  assert.match(said, /^usage: npm run prove/);
});
