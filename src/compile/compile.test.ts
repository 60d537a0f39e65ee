import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { toHex } from "../bytes/hex.ts";
import { readElf } from "../elf/read.ts";
import { relocationsOf } from "../elf/relocations.ts";
import { contentsOf, requireSection } from "../elf/sections.ts";
import { startsWithEndbr64 } from "../isa/endbr64.ts";
import { inspectPayload } from "../payload/inspect.ts";
import { parsePayload } from "../payload/parse.ts";
import type { Payload } from "../payload/payload.ts";
import { compile, folder, xen } from "./compile.test.support.ts";
import type { CompiledPayload } from "./compile.ts";

function parseFaultless(bytes: Uint8Array): Payload {
  assert.deepEqual(inspectPayload(bytes, "x.livepatch").findings, []);
  return parsePayload(bytes, "x.livepatch");
}

/** The marker has an entry too. */
function replacedBy({ functions }: Payload): readonly (string | undefined)[] {
  return functions.filter(({ kind }) => kind === "replace").map(({ name }) => name);
}

test("readXenSyms() finds the release in the code of Xen's own functions", () => {
  assert.deepEqual(xen.release, { major: 4, minor: 17, point: 5 });
});

test("readXenSyms() names locals as Xen's table does, and tells what is gone after boot", () => {
  assert.equal(xen.byName.get("common/domain.c#get_name")?.sizeBytes, 20);
  assert.deepEqual(
    xen.locals.get("dump")?.map(({ name }) => name),
    ["common/domain.c#dump", "common/keyhandler.c#dump"],
  );
  assert.equal(xen.byName.get("start_xen")?.isInit, true);
  assert.equal(xen.byName.get("roomy")?.isInit, false);
});

test("compilePayload() replaces the function of the same name and depends on the hypervisor", async () => {
  const compiled = await compile('const char *xen_extra_version(void) { return ".patched"; }');
  assert.deepEqual(
    compiled.replaced.map(({ name, oldSizeBytes }) => [name, oldSizeBytes]),
    [["xen_extra_version", 12]],
  );
  const payload = parseFaultless(compiled.bytes);
  assert.equal(payload.depends, toHex(xen.buildId));
  assert.equal(payload.xenDepends, toHex(xen.buildId));
  assert.deepEqual(payload.needs, ["__x86_return_thunk", "xen_extra_version"]);
});

test("compilePayload() replaces a static function that only one file of Xen has", async () => {
  const { bytes } = await compile("int get_name(int n) { return n; }");
  assert.deepEqual(replacedBy(parseFaultless(bytes)), ["common/domain.c#get_name"]);
});

test("compilePayload() binds static symbols of Xen, and leaves static functions of C to themselves", async () => {
  const { bytes, replaced } = await compile(`
    extern long hidden_state, domain_list;
    static __attribute__((noinline)) int get_name(int n) { return n + hidden_state; }
    int roomy(int n) { return get_name(n) + domain_list; }`);
  assert.deepEqual(
    replaced.map(({ name }) => name),
    ["roomy"],
  );
  const needs = parseFaultless(bytes).needs.filter((name) => !name.startsWith("__x86"));
  assert.deepEqual(needs, ["common/domain.c#hidden_state", "domain_list", "roomy"]);
});

test("compilePayload() pairs names, and calls of both go to Xen even where gcc would inline them", async () => {
  const { bytes } = await compile(
    "int mine(void) { return 1; } int roomy(void) { return mine() + 1; } int get_name(void) { return roomy(); }",
    { inputs: { replace: [{ old: "common/keyhandler.c#dump", new: "mine" }] } },
  );
  const payload = parseFaultless(bytes);
  assert.deepEqual(replacedBy(payload), [
    "common/keyhandler.c#dump",
    "roomy",
    "common/domain.c#get_name",
  ]);
  const object = readElf(bytes, "x");
  const text = requireSection(object, ".text");
  const called = relocationsOf(object, text).map(({ symbol }) => object.symbols[symbol]?.name);
  assert.ok(called.includes("common/keyhandler.c#dump") && called.includes("roomy"), `${called}`);
});

test("compilePayload() takes hooks, which start with ENDBR64, out of their macros", async () => {
  const { bytes, hooks } = await compile(`
    static void up(void) { printk(XENLOG_INFO "up\\n"); }
    XSPLICE_HOOK_LOAD(up)
    XSPLICE_HOOK_UNLOAD(up)
    static int ask(struct livepatch_payload *payload) { return payload->rc; }
    XSPLICE_HOOK_PREAPPLY(ask) XSPLICE_HOOK_PREREVERT(ask)
    XSPLICE_HOOK_APPLY(ask) XSPLICE_HOOK_REVERT(ask)
    static void tell(struct livepatch_payload *payload) { printk("%d\\n", payload->state); }
    XSPLICE_HOOK_POSTAPPLY(tell) XSPLICE_HOOK_POSTREVERT(tell)`);
  assert.deepEqual(
    hooks.map(({ kind, name }) => `${kind} ${name}`),
    [
      "load up",
      "unload up",
      "preapply ask",
      "apply ask",
      "postapply tell",
      "prerevert ask",
      "revert ask",
      "postrevert tell",
    ],
  );
  const payload = parseFaultless(bytes);
  assert.equal(payload.hooks.length, 8);
  const object = readElf(bytes, "x");
  for (const { target } of payload.hooks) {
    assert.ok(target.kind === "own");
    const code = contentsOf(object, requireSection(object, target.section));
    assert.ok(startsWithEndbr64(code.subarray(target.offset)));
  }
});

test("compilePayload() starts functions whose address is taken with ENDBR64", async () => {
  const { bytes, symbolMap } = await compile(`
    static int twice(int n) { return 2 * n; }
    int (*const table[])(int) = { twice };
    int roomy(int n) { return table[n](n); }`);
  const object = readElf(bytes, "x");
  const name = symbolMap.find(({ sourceName }) => sourceName === "patch.c#twice")?.exportedName;
  const symbol = object.symbols.find((found) => found.name === name);
  assert.ok(symbol?.place.kind === "section");
  const section = object.sections[symbol.place.index];
  assert.ok(section !== undefined);
  assert.ok(startsWithEndbr64(contentsOf(object, section).subarray(Number(symbol.value))));
});

test("compilePayload() gives the same bytes in another folder", async () => {
  const c =
    'extern int roomy(int); int get_name(int n) { printk("%s\\n", __FILE__); return roomy(n); }';
  const [one, two] = [await compile(c), await compile(c)];
  assert.deepEqual(one.bytes, two.bytes);
  assert.ok(!Buffer.from(one.bytes).includes(folder));
});

test("compilePayload() makes two payloads over the same functions that share no symbol", async () => {
  const c = (text: string) =>
    `static int tab[4]; int roomy(int n) { return tab[n & 3]++ + ${text}; }`;
  const [one, two] = [await compile(c("1")), await compile(c("2"))];
  const names = ({ bytes }: CompiledPayload) =>
    parseFaultless(bytes).exports.map(({ name }) => name);
  assert.deepEqual(
    names(one).filter((name) => names(two).includes(name)),
    [],
  );
});

test("compilePayload() makes version 1 for a hypervisor before 4.14", async () => {
  const c = "int roomy(int n) { return n; }";
  const old = await compile(c, { target: { release: { major: 4, minor: 13, point: 0 } } });
  assert.equal(parseFaultless(old.bytes).version, 1);
  const writable = await compile(c, { target: { release: { major: 4, minor: 17, point: 1 } } });
  const funcs = parseFaultless(writable.bytes).sections.find(
    ({ name }) => name === ".livepatch.funcs",
  );
  assert.equal(funcs?.loaded, "writable");
});

test("compilePayload() puts several sources into one payload", async () => {
  const sources = ["a.c", "b.c"].map((name) => join(folder, name));
  const texts = [
    "extern int more(int); int roomy(int n) { return more(n); }",
    "int more(int n) { return n + 1; }",
  ];
  for (const [index, path] of sources.entries()) writeFileSync(path, texts[index] ?? "");
  const { bytes } = await compile("", { inputs: { sources } });
  assert.deepEqual(parseFaultless(bytes).needs, ["__x86_return_thunk", "roomy"]);
});

test("compilePayload() takes clang for gcc", async (context) => {
  const clang = ["clang", "clang-14"].find((name) => {
    try {
      execFileSync(name, ["--version"], { stdio: "pipe" });
      return true;
    } catch {
      return false;
    }
  });
  if (clang === undefined) {
    context.skip("clang is not installed");
    return;
  }
  const { bytes } = await compile(
    'int roomy(int n) { return n; } int get_name(int n) { printk("%d", n); return roomy(n); }',
    { compiler: { command: clang } },
  );
  const payload = parseFaultless(bytes);
  assert.deepEqual(
    payload.needs.filter((name) => !name.startsWith("__x86")),
    ["common/domain.c#get_name", "printk", "roomy"],
  );
  assert.equal(replacedBy(payload).length, 2);
});

test("compilePayload() warns of pointers to functions without ENDBR64, and of nothing else", async () => {
  const c = `extern int roomy(int); typedef void (*fn)(void);
    static fn table[] = { (fn)roomy, (fn)printk };
    fn pick(int n) { return n ? table[n & 1] : (fn)memset; }
    static void aside(void) {} fn own(void) { table[0] = aside; return aside; }
    const char *xen_extra_version(void) { printk("%d", roomy(1)); return memset(0, 0, 1); }
    fn replaced(void) { return (fn)xen_extra_version; }`;
  const xenWithMemset = { ...xen, byName: new Map(xen.byName) };
  const printk = xen.byName.get("printk");
  assert.ok(printk);
  xenWithMemset.byName.set("memset", { ...printk, name: "memset", bareName: "memset" });
  const { warnings } = await compile(c, { target: { xen: xenWithMemset } });
  const named = [...warnings.matchAll(/takes the address of "(\w+)"/g)].map(([, name]) => name);
  assert.deepEqual(named, ["memset", "printk", "xen_extra_version"]);
  const calls = await compile('const char *xen_extra_version(void) { printk("a"); return "b"; }');
  assert.equal(calls.warnings, "");
});

test("compilePayload() makes hooks of sources with debugging data, which stays behind", async () => {
  const c = 'static void up(void) { printk("up"); } XSPLICE_HOOK_LOAD(up)';
  const plain = parseFaultless((await compile(c)).bytes);
  const debug = parseFaultless((await compile(c, { compiler: { extraFlags: ["-g"] } })).bytes);
  assert.equal(debug.hooks.length, 1);
  assert.deepEqual(debug.sections, plain.sections);
});

test("compilePayload() leaves hooks of one kind in the order of the source", async () => {
  const names = ["first", "second", "third", "fourth"];
  const c = names.map((name) => {
    return `static void ${name}(void) { printk("${name}"); } XSPLICE_HOOK_LOAD(${name})`;
  });
  const { hooks } = await compile(c.join("\n"));
  assert.deepEqual(
    hooks.map(({ name }) => name),
    names,
  );
});
