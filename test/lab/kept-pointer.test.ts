// A new callback that the hypervisor keeps, on a real one: whoever unloads the payload is asked first.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { labHost } from "../../src/hosts/lab.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { runXsplice } from "../run-cli.ts";

const registers = `
  extern void register_keyhandler(unsigned char key, void (*fn)(unsigned char), const char *desc, _Bool all);
  static void extra_key(unsigned char key) { printk("extra key %c\\n", key); }
  static void up(void) { register_keyhandler('Y', extra_key, "extra", 0); }
  XSPLICE_HOOK_LOAD(up)
`;

describe("a payload whose function Xen 4.17 keeps", () => {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-kept-"));
  const file = join(folder, "callback.livepatch");
  let lab: Lab;

  before(async () => {
    lab = await openLab({ xen: "4.17" });
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await lab?.close();
  });

  // Each run closes the host that it opened; the lab lasts.
  const run = (...args: readonly string[]) => runXsplice(args, { openHost: () => labHost(lab) });

  test("compile warns of it, and unload asks for consent after a revert", async () => {
    writeFileSync(join(folder, "callback.c"), registers);
    const source = join(folder, "callback.c");
    const made = await run("compile", source, "--xen-syms", `${lab.info.symbols}`, "-o", file);
    assert.equal(made.exitCode, 0, made.stderr);
    assert.match(
      made.stderr,
      /takes the address of "extra_key" and hands it to "register_keyhandler"/,
    );
    assert.equal((await run("load", file)).exitCode, 0);
    assert.equal((await run("revert", "callback")).exitCode, 0);
    const refused = await run("unload", "callback");
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /the hypervisor keeps a pointer to "extra_key"/);
    const planned = await run("plan", "--to-nothing");
    assert.equal(planned.exitCode, 2, planned.stdout);
    const allowed = await run("unload", "callback", "--allow-dangling");
    assert.equal(allowed.exitCode, 0, allowed.stderr);
    assert.equal((await run("list")).stdout, "Nothing to list\n");
  });
});
