// Drafts of hooks for fixes of the real Xen 4.17: what `build --draft-hooks` writes compiles as it is, but for
// where it says that somebody has to decide, and does on a real Xen what the fix was to do.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { patchFrom } from "../../src/builder/build.test.support.ts";
import { grantIoMemory, pressKey } from "../corpus/probes.ts";
import { runXsplice } from "../run-cli.ts";
import { type CorpusXen, openCorpusXen } from "./build-corpus-apply.ts";
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
  function edit(
    name: string,
    path: string,
    ...changes: readonly (readonly [from: string, to: string])[]
  ): string {
    const text = readFileSync(join(source.source, path), "latin1");
    for (const [from] of changes) assert.ok(text.includes(from), from);
    const fixed = changes.reduce((text, [from, to]) => text.replace(from, to), text);
    const patch = join(folder, name);
    writeFileSync(patch, patchFrom(path, text, fixed).bytes);
    return patch;
  }

  /** Loads what was built last, and reverts it; `look` is asked in between and afterwards. */
  async function onXen(look: (xen: CorpusXen, state: "with" | "without") => Promise<void>) {
    const xen = await openCorpusXen();
    try {
      const bytes = new Uint8Array(readFileSync(join(folder, "fix.livepatch")));
      await xen.host.upload("fix", bytes, call);
      await xen.host.act("apply", "fix", actOptions);
      await look(xen, "with");
      await xen.host.act("revert", "fix", actOptions);
      await look(xen, "without");
      await xen.host.act("unload", "fix", actOptions);
    } finally {
      await xen.lab.close();
    }
  }

  test("a variable's new value is set by the drafted hook, and set back by the revert", async () => {
    const declared = "static bool_t alt_key_handling;";
    const patch = edit("value.patch", "xen/common/keyhandler.c", [
      declared,
      declared.replace(";", " = 1;"),
    ]);
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

    await onXen(async (xen, state) => {
      // Each press of the key takes the other handling.
      if (state === "with") assert.match(await pressKey("A")(xen), /using normal key handling/);
      assert.match(await pressKey("A")(xen), /using alternative key handling/);
    });
  });

  test("a structure that grew goes on beside its objects, as the draft says", async () => {
    const path = "xen/common/rangeset.c";
    const include = "#include <xsm/xsm.h>\n";
    const begin =
      "    ASSERT(s <= e);\n\n    write_lock(&r->lock);\n\n    x = find_range(r, s);\n    y = find_range(r, e);\n";
    const told = (uses: string) =>
      `    printk("rangeset %s: added %u times\\n", r->name, ${uses});\n`;
    const member = "    struct list_head rangeset_list;\n";
    const grown = edit(
      "grown.patch",
      path,
      [member, `${member}    unsigned int uses;\n`],
      [begin, `${told("++r->uses")}${begin}`],
    );
    const draft = join(folder, "grown.c");
    const refused = await build([grown], "--draft-hooks", draft);
    assert.equal(refused.exitCode, 2, refused.stderr);
    const declarations = `struct rangeset_shadow { unsigned int uses; };
struct rangeset_shadow *rangeset_shadow(const struct rangeset *object);
void rangeset_shadow_free(const struct rangeset *object);
`;
    const beside = edit(
      "beside.patch",
      path,
      [include, include + declarations],
      [
        begin,
        `    struct rangeset_shadow *shadow = rangeset_shadow(r);\n\n    if ( shadow )\n    ${told("++shadow->uses")}${begin}`,
      ],
      ["\n    xfree(r);\n", "\n    rangeset_shadow_free(r);$&"],
    );
    const made = await build([beside], "--hooks", draft);
    assert.equal(made.exitCode, 0, made.stdout + made.stderr);
    assert.doesNotMatch(made.stderr, /^warning/m);
    await onXen(async (xen, state) => {
      const [first, second] = [await grantIoMemory(xen), await grantIoMemory(xen)];
      if (state === "without") return assert.doesNotMatch(first + second, /added/);
      assert.match(first, /rangeset \S.*: added 1 times/);
      assert.match(second, /rangeset \S.*: added 2 times/);
    });
  });

  test("drafts of all kinds compile once it is decided what is to be decided", async () => {
    const bringUp = edit("bring-up.patch", "xen/arch/x86/cpu/amd.c", [
      "\tu32 l, h;\n\n\tunsigned long long value;\n",
      "$&\n\tc->x86_cache_alignment++;\n",
    ]);
    const grown = edit("grown.patch", "xen/common/rangeset.c", [
      "    struct list_head rangeset_list;\n",
      "$&    struct domain *user;\n    spinlock_t user_lock;\n    unsigned int uses[2];\n",
    ]);
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
    // The hooks do nothing yet, on every CPU.
    await onXen(async ({ client }) => {
      assert.equal(await client.extraVersion(), ".5");
    });
  });
});
