// A process that publishes a depot, or asks one, and is killed before the step of that number:
// `killed-child.js publish DEPOT KEYS NUMBER`, `killed-child.js ask TRUST PLACE NUMBER`. It prints how many
// steps there were when it comes to its end.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openKeys } from "../../src/depot/keys/key-file.ts";
import { keyIdOf } from "../../src/depot/keys/signer.ts";
import { publish } from "../../src/depot/publish/publish.ts";
import { openSource } from "../../src/depot/read/source.ts";
import { withTrusted } from "../../src/depot/trust/trusted.ts";
import { readDepotWish, readWishedFiles } from "../../src/depot/trust/wish.ts";
import { XEN_ID } from "../../src/xen-model/synthetic.test.support.ts";

const [what, first = "", second = "", number = ""] = process.argv.slice(2);
const now = new Date();
let steps = 0;
const onStep = (): void => {
  steps += 1;
  if (steps === Number(number)) process.kill(process.pid, "SIGKILL");
};

if (what === "publish") {
  const files = readdirSync(second).map((name) => readFileSync(join(second, name), "utf8"));
  const ids = new Set(files.map((text) => keyIdOf(JSON.parse(text).public)));
  const signers = openKeys(second, ids, () => "correct horse");
  const signersOf = (wanted: ReadonlySet<string>) =>
    signers.filter(({ keyId }) => wanted.has(keyId));
  await publish(first, { now, signersOf, onStep });
} else {
  const source = openSource(second, { signal: new AbortController().signal, deadlineMs: 10_000 });
  await withTrusted(first, source, { now, onStep }, async (view) =>
    readWishedFiles(view, await readDepotWish(view, "stable", XEN_ID)),
  );
}
process.stdout.write(`${steps}\n`);
