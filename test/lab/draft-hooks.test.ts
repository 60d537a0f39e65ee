// Drafts of hooks for fixes of the real Xen 4.17: what `build --draft-hooks` writes compiles as it is, but for
// where it says that somebody has to decide, and does on a real Xen what the fix was to do.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { patchFrom } from "../../src/builder/build.test.support.ts";
import { pressKey } from "../corpus/probes.ts";
import { runXsplice } from "../run-cli.ts";
import { openCorpusXen } from "./build-corpus-apply.ts";
import { type CorpusSource, fetchCorpusSource, whyNoCorpusSource } from "./build-corpus-source.ts";
import { actOptions, call } from "./host-under-test.ts";

const environment = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  ),
);
const corpus = fileURLToPath(new URL("../../../test/corpus/patches/", import.meta.url));

describe("xsplice build --draft-hooks on Xen 4.17", { skip: await whyNoCorpusSource() }, () => {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-draft-"));
  let source: CorpusSource;
  before(async () => {
    source = await fetchCorpusSource();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const build = (patches: readonly string[], ...more: readonly string[]) =>
    runXsplice(
      [
        "build",
        ...["--source", source.source, "--xen-syms", source.xenSyms, "--config", source.config],
        ...patches.flatMap((patch) => ["--patch", patch]),
        ...["-o", join(folder, "fix.livepatch"), ...more],
      ],
      { env: environment },
    );

  /** A patch of one file, as text in the place of another. */
  function edit(name: string, path: string, from: string, to: string): string {
    const text = readFileSync(join(source.source, path), "latin1");
    assert.ok(text.includes(from), from);
    const patch = join(folder, name);
    writeFileSync(patch, patchFrom(path, text, text.replace(from, to)).bytes);
    return patch;
  }

  test("a variable's new value is set by the drafted hook, and set back by the revert", async () => {
    const declared = "static bool_t alt_key_handling;";
    const patch = edit(
      "value.patch",
      "xen/common/keyhandler.c",
      declared,
      declared.replace(";", " = 1;"),
    );
    const draft = join(folder, "value.c");
    const refused = await build([patch], "--draft-hooks", draft);
    assert.equal(refused.exitCode, 2, refused.stderr);
    assert.match(refused.stdout, /data-initial-value[\s\S]*--draft-hooks FILE\.c writes a draft/);
    assert.match(refused.stdout, /Drafted .*value\.c/);
    const again = await build([patch], "--draft-hooks", draft);
    assert.match(again.stderr, /it exists, and may have been edited/);
    const made = await build([patch], "--hooks", draft);
    assert.equal(made.exitCode, 0, made.stdout + made.stderr);
    assert.match(made.stderr, /variable "alt_key_handling" .* your hook must set it/);

    const xen = await openCorpusXen();
    try {
      const bytes = new Uint8Array(readFileSync(join(folder, "fix.livepatch")));
      await xen.host.upload("fix", bytes, call);
      const toggle = () => pressKey("A")(xen);
      const act = (action: "apply" | "revert") => xen.host.act(action, "fix", actOptions);
      await act("apply");
      // Each press of the key takes the other handling.
      assert.match(await toggle(), /using normal key handling/);
      assert.match(await toggle(), /using alternative key handling/);
      await act("revert");
      assert.match(await toggle(), /using alternative key handling/);
    } finally {
      await xen.lab.close();
    }
  });

  test("drafts of all kinds compile once it is decided what is to be decided", async () => {
    const bringUp = edit(
      "bring-up.patch",
      "xen/arch/x86/cpu/amd.c",
      "\tu32 l, h;\n\n\tunsigned long long value;\n",
      "$&\n\tc->x86_cache_alignment++;\n",
    );
    const grown = edit(
      "grown.patch",
      "xen/common/rangeset.c",
      "    struct list_head rangeset_list;\n",
      "    struct list_head rangeset_list;\n    struct domain *user;\n    spinlock_t user_lock;\n    unsigned int uses[2];\n",
    );
    const patches = ["new-per-cpu", "init-function"].map((name) => join(corpus, `${name}.patch`));
    const draft = join(folder, "all.c");
    const refused = await build([...patches, grown, bringUp], "--draft-hooks", draft);
    assert.equal(refused.exitCode, 2, refused.stderr);
    for (const what of [
      /per-cpu: variable "per_cpu__read_clocks_count"/,
      /init-code: function "console_init_postirq"/,
      /layout: struct rangeset/,
      /only when a CPU comes up: init_amd/,
    ]) {
      assert.match(refused.stdout, what);
    }
    const carrier = [join(corpus, "version-in-variable.patch")];
    const undecided = await build(carrier, "--hooks", draft);
    assert.equal(undecided.exitCode, 1);
    assert.match(undecided.stderr, /all\.c:\d+:\d+: error: #error .*console_init_postirq/);
    writeFileSync(draft, readFileSync(draft, "utf8").replace(/^#error .*$/gm, ""));
    const made = await build(carrier, "--hooks", draft);
    assert.equal(made.exitCode, 0, made.stdout + made.stderr);
    const inspected = await runXsplice(["inspect", join(folder, "fix.livepatch")]);
    for (const name of ["rangeset_shadow", "read_clocks_count_of_cpu", "set_on_each_cpu"]) {
      assert.match(inspected.stdout, new RegExp(name));
    }
  });
});
