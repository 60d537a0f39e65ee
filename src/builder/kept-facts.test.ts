import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { allAtBringUp } from "../running/bring-up.ts";
import { standingOf } from "../running/standing-code.ts";
import { makeXenSyms } from "../running/xen-syms.test.support.ts";
import { rememberFacts } from "./kept-facts.ts";
import { readHypervisor } from "./target.ts";

const bytes = makeXenSyms();

/** What is known of the hypervisor afterwards, in a process that has not seen it before. */
function ask(cache: string, code: string | undefined, of = bytes) {
  const hypervisor = readHypervisor({ name: "xen-syms", bytes: of });
  rememberFacts(hypervisor, of, cache, code);
  const { xen, object } = hypervisor;
  return { standing: [...standingOf(xen, xen.release)], bringUp: [...allAtBringUp(xen, object)] };
}

function makeCache(t: TestContext): string {
  const cache = mkdtempSync(join(tmpdir(), "xsplice-kept-facts-"));
  t.after(() => rmSync(cache, { recursive: true }));
  return cache;
}

/** The one file that is kept. */
function keptIn(cache: string): string {
  const [name = "", ...others] = readdirSync(join(cache, "hypervisors"));
  assert.deepEqual(others, []);
  return join(cache, "hypervisors", name);
}

/** Which no search would give. */
const told = { standing: [["printk", "leaves"]], bringUp: ["tiny"] };

function tell(cache: string): void {
  const kept = JSON.parse(readFileSync(keptIn(cache), "utf8")) as object;
  writeFileSync(keptIn(cache), JSON.stringify({ ...kept, ...told }));
}

test("rememberFacts() takes what the same code has kept of the same hypervisor", (t) => {
  const cache = makeCache(t);
  const found = ask(cache, "code 1");
  tell(cache);
  assert.notDeepEqual(found, told);
  assert.deepEqual(ask(cache, "code 1"), told);
});

test("rememberFacts() searches again for other code, another hypervisor and what is damaged", (t) => {
  const cache = makeCache(t);
  const found = ask(cache, "code 1");
  tell(cache);
  assert.deepEqual(ask(cache, "code 2"), found);
  // It is that of code 2 now.
  assert.equal(readdirSync(join(cache, "hypervisors")).length, 1);
  tell(cache);
  const other = Uint8Array.from(bytes);
  other[Buffer.from(bytes).indexOf(".5-test")] = "!".charCodeAt(0);
  assert.deepEqual(ask(cache, "code 2", other), found);
  rmSync(join(cache, "hypervisors"), { recursive: true });
  ask(cache, "code 2");
  writeFileSync(keptIn(cache), "");
  assert.deepEqual(ask(cache, "code 2"), found);
});

test("rememberFacts() keeps nothing where the code has no digest", (t) => {
  const cache = makeCache(t);
  ask(cache, undefined);
  assert.deepEqual(readdirSync(cache), []);
});
