// Shadow variables on a real Xen 4.17: fixes that count for each domain how often it has asked for the
// version, which struct domain has no room for.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { patchFrom } from "../../src/builder/build.test.support.ts";
import type { PayloadMode } from "../../src/payload/metadata-keys.ts";
import { whyNoCorpusSource } from "./build-corpus-source.ts";
import { act, type Bench, versions } from "./compile-bench.ts";
import { useCorpusBench } from "./corpus-bench.ts";
import { buildCorpusFix } from "./corpus-fix.ts";
import { call } from "./host-under-test.ts";

const file = "xen/common/version.c";

/** Says with the letter and the count which code answers, and how often it was asked for this domain. */
const counting = (letter: string) => `{
    static char text[16];
    unsigned int *count = xsplice_shadow_alloc(current->domain, "asked", sizeof(*count));

    snprintf(text, sizeof(text), "${letter}%u", count ? ++*count : 0);
    return text;
}`;

/** A load hook, with interrupts off, finds what is there and gets nothing new, also before the macro. */
const withShadow = (text: string) =>
  text.replace(
    "#include <asm/cache.h>\n",
    `$&#include <xsplice/shadow.h>

static void cf_check look_at_load(void)
{
    const unsigned int *count = xsplice_shadow_get(hardware_domain, "asked", sizeof(*count));

    printk("at load: %u%s\\n", count ? *count : 0,
           xsplice_shadow_alloc(dom_xen, "asked", sizeof(*count)) ? " and one more" : "");
}
LIVEPATCH_LOAD_HOOK(look_at_load);
XSPLICE_SHADOW(asked)
`,
  );
const countExtra = (text: string, letter: string) =>
  text.replace(/{\n {4}return XEN_EXTRAVERSION;\n}/, counting(letter));
/** Only looks, in another function. */
const lookInChangeset = (text: string) =>
  text.replace(
    "return XEN_CHANGESET;",
    `{
        static char text[16];
        const unsigned int *count = xsplice_shadow_get(current->domain, "asked", sizeof(*count));

        snprintf(text, sizeof(text), "seen %u", count ? *count : 0);
        return text;
    }`,
  );
/** Asks for more than there is room for, and by another name. */
const misspelt = (text: string) =>
  countExtra(text, "a").replace(
    "\n\n    snprintf(text,",
    `\n\n    snprintf(text, sizeof(text), "%s%s", xsplice_shadow_alloc(current->domain, "asked", 99) ? "larger" : "",
             xsplice_shadow_alloc(current->domain, "asket", 4) ? "other" : "");
    snprintf(text + strlen(text),`,
  );
/** Tells on the console, when it is applied, whether anything is left of all shadows. */
const tellLeftOvers = (text: string) =>
  text.replace(
    "#include <asm/cache.h>\n",
    `$&#include <xen/mm.h>
#include <xen/sched.h>
#include <xen/livepatch_payload.h>
static void cf_check tell(void)
{
    printk("shadows: %s\\n", dom_xen->shared_info ? "left" : "none");
}
LIVEPATCH_LOAD_HOOK(tell);
`,
  );

describe("shadow variables on Xen 4.17", { skip: await whyNoCorpusSource() }, () => {
  const opened = useCorpusBench();
  let bench: Bench;
  let text: string;
  before(() => {
    bench = opened().bench;
    text = readFileSync(join(opened().source.source, file), "latin1");
  });

  const edits = {
    first: () => countExtra(withShadow(text), "a"),
    second: () => countExtra(withShadow(text), "b"),
    onFirst: () => lookInChangeset(countExtra(withShadow(text), "a")),
    misspelt: () => misspelt(withShadow(text)),
    leftOvers: () => tellLeftOvers(text),
  };

  async function build(
    edit: keyof typeof edits,
    mode: PayloadMode = "stack",
    [from, below]: readonly [keyof typeof edits | undefined, readonly Uint8Array[]] = [
      undefined,
      [],
    ],
  ): Promise<Uint8Array> {
    const old = from === undefined ? text : edits[from]();
    const { payload, refusals, warnings } = await buildCorpusFix(opened().source, {
      patches: [patchFrom(file, old, edits[edit](), `${edit}.patch`)],
      mode,
      below,
    });
    assert.deepEqual(refusals, []);
    // The one pointer into the payload that Xen gets is taken back by the unload hook.
    assert.doesNotMatch(warnings, /^warning:/m);
    assert.ok(payload);
    return payload.bytes;
  }

  /** What the hooks say meanwhile. */
  async function load(
    name: string,
    bytes: Uint8Array,
    action: "apply" | "replace" = "apply",
  ): Promise<string> {
    await bench.host.upload(name, bytes, call);
    const { end } = await bench.client.readConsole();
    await act(bench, name, action);
    const { text } = await bench.client.readConsole(end);
    return /(?:at load|shadows): (.*)/.exec(text)?.[1] ?? text;
  }
  const asked = async () => (await versions(bench))[0];
  let look: Promise<Uint8Array> | undefined;
  async function leftOvers(): Promise<string> {
    look ??= build("leftOvers", "cumulative");
    const found = await load("look", await look);
    await act(bench, "look", "revert", "unload");
    return found;
  }

  test("a shadow lasts over a stacked payload and a replace, and ends with the last revert", async () => {
    const first = await build("first");
    assert.equal(await load("first", first), "0");
    assert.deepEqual([await asked(), await asked()], ["a1", "a2"]);

    await load("top", await build("onFirst", "stack", ["first", [first]]));
    const [extra, changeset] = await versions(bench);
    assert.deepEqual([extra, changeset], ["a3", "seen 3"]);
    await act(bench, "top", "revert", "unload");
    assert.equal(await asked(), "a4");

    assert.equal(await load("second", await build("second", "cumulative"), "replace"), "4");
    await act(bench, "first", "unload");
    assert.deepEqual([await asked(), await asked()], ["b5", "b6"]);

    await act(bench, "second", "revert", "unload");
    assert.equal(await asked(), ".5");
    assert.equal(await leftOvers(), "none");
    await load("first", first);
    assert.equal(await asked(), "a1");
    await act(bench, "first", "revert", "unload");
  });

  test("who asks by another name or for another size gets nothing, and Xen's console says why", async () => {
    await load("misspelt", await build("misspelt"));
    const { end } = await bench.client.readConsole();
    assert.equal(await asked(), "a1");
    const { text } = await bench.client.readConsole(end);
    assert.match(text, /99 bytes with the name "asked": it has another size/);
    assert.match(
      text,
      /4 bytes with the name "asket": no payload that is applied has XSPLICE_SHADOW/,
    );
    await act(bench, "misspelt", "revert", "unload");
  });

  test("what a replace left to nobody is not taken up again", async () => {
    const first = await build("first");
    await load("first", first);
    assert.equal(await asked(), "a1");
    look ??= build("leftOvers", "cumulative");
    await load("none", await look, "replace");
    await act(bench, "first", "unload");
    await act(bench, "none", "revert", "unload");
    assert.equal(await leftOvers(), "left");
    await load("first", first);
    assert.equal(await asked(), "a1");
    await act(bench, "first", "revert", "unload");
    assert.equal(await leftOvers(), "none");
  });
});
