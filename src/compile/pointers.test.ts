import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePayload } from "../payload/parse.ts";
import { readStackingFacts } from "../payload/stacking.ts";
import { compile } from "./compile.test.support.ts";

const marked = { compiler: { extraFlags: ["-fcf-protection=branch"] } };
const unmarked = { compiler: { extraFlags: ["-fcf-protection=none"] } };
const replacing = (body: string) =>
  `int roomy(void *); typedef void (*fn)(void); static void own(void) { printk("own"); }
   const char *xen_extra_version(void) { ${body} return "b"; }`;

test("compilePayload() warns of a function of its own without ENDBR64 whose address is taken", async () => {
  for (const body of [
    "static volatile fn mine; mine = own; mine();",
    'fn volatile local = own; printk("%p", local);',
  ]) {
    const { warnings } = await compile(replacing(body), unmarked);
    assert.match(warnings, /takes the address of its own "own", .* mark it cf_check\n/, body);
    assert.equal((await compile(replacing(body), marked)).warnings, "", body);
  }
});

test("compilePayload() has no word of a distance, nor of a direct call", async () => {
  const at = "static int at; long distance = (long)own - (long)&at; at = (int)distance;";
  for (const body of [at, "own();"])
    assert.equal((await compile(replacing(body), unmarked)).warnings, "", body);
});

test("compilePayload() warns of a pointer that Xen keeps, and only notes one that a hook takes back", async () => {
  const { bytes, warnings } = await compile(replacing("roomy(own);"), marked);
  assert.match(
    warnings,
    /^warning: xen_extra_version\+0x\w+ takes the address of "own" and hands it to "roomy"/,
  );
  assert.deepEqual(readStackingFacts(parsePayload(bytes, "fix").metadata).kept, ["own"]);
  const printed = await compile(replacing("printk((char *)own);"), marked);
  assert.equal(printed.warnings, "", "printk forgets it");
  const hooked = `int roomy(void *); static void own(void) { printk("own"); }
    static void up(void) { roomy(own); } static void down(void) { roomy(own); }
    XSPLICE_HOOK_LOAD(up) XSPLICE_HOOK_UNLOAD(down)`;
  const both = await compile(hooked, marked);
  assert.match(both.warnings, /^note: .* the unload hook seems to take it back\n$/);
  assert.deepEqual(readStackingFacts(parsePayload(both.bytes, "fix").metadata).kept, []);
});
