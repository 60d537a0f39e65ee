// Hooks in the patched source itself, as Xen's own macros make them: a pointer in a section of each kind.

import assert from "node:assert/strict";
import { after } from "node:test";
import { buildTest } from "../../../test/why-no-build.ts";
import { parsePayload } from "../../payload/parse.ts";
import { readPayloadBelow } from "../../running/payload-below.ts";
import { type HookKind, hookKinds } from "../../xen-abi/hooks.ts";
import { makeBuildOf, patchFrom, type SomeOptions } from "../build.test.support.ts";
import { buildFix } from "../build.ts";
import type { BuiltFix } from "../built-fix.ts";

const file = "xen/common/start.c";
const old = `int start(void); extern int outside;
static __attribute__((noinline)) int step(int n) { return n * 3 + 7; }
int start(void) { return step(1); }
`;
const small = makeBuildOf({ after }, { [file]: `${old}int outside;\n` });

/** A weak global pointer, as LIVEPATCH_LOAD_HOOK(name) and its like define. */
function hook(kind: HookKind, name = `on_${kind}`): string {
  const pointer = `void *const livepatch_${kind}_data_${name}`;
  return `${pointer} __attribute__((weak, used, section(".livepatch.hooks.${kind}"))) = ${name};\n`;
}

const body = (name: string, does = "outside += step(2);") =>
  `static void ${name}(void) { ${does} }\n`;

/** From one addition to the file to another. */
function build(
  [before, now]: readonly [string, string],
  { stacking }: Pick<SomeOptions, "stacking"> = {},
): Promise<BuiltFix> {
  const [from, to] = [before, now].map((text) => `${old}int outside;\n${text}`);
  const patches = [patchFrom(file, from ?? "", to ?? "")];
  return buildFix(small.options({}, { inputs: { patches }, stacking: stacking ?? {} }));
}

function hooksOf({ payload, refusals }: BuiltFix): readonly string[] {
  assert.deepEqual(refusals, []);
  assert.ok(payload);
  return parsePayload(payload.bytes, "fix").hooks.map(({ kind, target }) => {
    const name = target.kind === "own" ? target.symbol : "";
    return `${kind} ${name?.replace(/\.xs[0-9a-f]{10}$/, "")}`;
  });
}

buildTest("buildFix() builds hooks of every kind that the patched source has", async () => {
  const text = hookKinds.map((kind) => body(`on_${kind}`) + hook(kind)).join("");
  const fix = await build(["", text]);
  assert.deepEqual(
    hooksOf(fix),
    hookKinds.map((kind) => `${kind} on_${kind}`),
  );
  assert.ok(fix.payload);
  const payload = parsePayload(fix.payload.bytes, "fix");
  // New code like any other: what it calls in its file is compared when it is applied.
  const guards = payload.functions.flatMap((one) => (one.kind === "guard" ? (one.name ?? []) : []));
  assert.ok(
    guards.some((name) => name.includes("step")),
    guards.join(),
  );
  // The pointers are the emitter's own.
  assert.deepEqual(
    payload.symbolMap?.filter(({ sourceName }) => sourceName.includes("livepatch_")),
    [],
  );
});

buildTest("buildFix() names two hooks of a kind of which Xen takes one", async () => {
  const text = ["one", "two"].map((name) => body(name) + hook("postapply", name)).join("");
  await assert.rejects(
    build(["", text]),
    /it has 2 postapply hooks: one of common\/start\.init\.o, two of common\/start\.init\.o/,
  );
});

buildTest("buildFix() refuses a function of the hypervisor as a hook", async () => {
  await assert.rejects(
    build(["", hook("load", "step")]),
    /Cannot use ".*step" as a hook: the payload does not bring it/,
  );
});

buildTest("buildFix() knows that a hook of the source forbids a replace", async () => {
  const text = body("on_preapply") + hook("preapply");
  const { refusals } = await build(["", text], { stacking: { mode: "cumulative" } });
  assert.deepEqual(
    refusals.map(({ rule, what }) => `${rule} ${what}`),
    ['vetoing-hook hook "preapply"'],
  );
});

buildTest("buildFix() leaves the hooks of a payload below to it", async () => {
  const first = body("on_load") + hook("load");
  const below = await build(["", first]);
  assert.ok(below.payload);
  const payloads = [readPayloadBelow(below.payload.bytes, "below")];
  const stacking = { foundation: { payloads, buildId: undefined } };
  const more = body("on_unload") + hook("unload");
  const second = await build([first, first + more], { stacking });
  assert.deepEqual(hooksOf(second), ["unload on_unload"]);
  const gone = await build([first, more], { stacking });
  assert.deepEqual(
    gone.refusals.map(({ rule, what }) => `${rule} ${what}`),
    ['unsupported-section variable "livepatch_load_data_on_load"'],
  );
});

buildTest("buildFix() refuses new code for hooks that a payload below has", async () => {
  const helper = "static __attribute__((noinline)) void set(int n) { outside = n; }\n";
  const text = `${helper}${body("on_load", "set(4);")}${hook("load")}${body("other", "outside++;")}${hook("unload", "other")}`;
  const below = await build(["", text]);
  assert.ok(below.payload);
  const payloads = [readPayloadBelow(below.payload.bytes, "below")];
  const stacking = { foundation: { payloads, buildId: undefined } };
  const change = async (from: string, to: string) => {
    const { refusals } = await build([text, text.replace(from, to)], { stacking });
    return refusals.map(({ rule, what }) => `${rule} ${what}`);
  };
  assert.deepEqual(await change("set(4)", "set(5); outside++"), [
    'uncalled-hook function "on_load"',
  ]);
  assert.deepEqual(await change("outside++", "outside--"), ['uncalled-hook function "other"']);
  assert.deepEqual(await change("= n;", "= n + 1;"), ['uncalled-hook function "set"']);
});

buildTest("buildFix() does not take the hooks of a shadow variable for the author's", async () => {
  const setup = (value: number) =>
    `static __attribute__((used, section(".init.text"))) int setup(void) { return ${value}; }\n`;
  const build = async (name: string) => {
    const source = `${old}int outside;\n`;
    const base = makeBuildOf({ after }, { [file]: source + setup(1) });
    const hooked = source + setup(2) + body(name) + hook("load", name);
    const patches = [patchFrom(file, source + setup(1), hooked)];
    const { refusals } = await buildFix(base.options({}, { inputs: { patches } }));
    return refusals.map(({ rule, what }) => `${rule} ${what}`);
  };
  assert.deepEqual(await build("xsplice_shadow_join_x"), ['init-code function "setup"']);
  assert.deepEqual(await build("instead_of_setup"), []);
});

buildTest("buildFix() keeps the order of the source, which gcc turns around", async () => {
  const names = ["one", "two", "three"];
  const text = names.map((name) => body(name) + hook("load", name)).join("");
  assert.deepEqual(
    hooksOf(await build(["", text])),
    names.map((name) => `load ${name}`),
  );
});

buildTest("buildFix() has shadow variables there for all hooks of the author", async () => {
  const [join, leave] = ["xsplice_shadow_join_x", "xsplice_shadow_leave_x"];
  const all: readonly (readonly [HookKind, string])[] = [
    ["unload", leave],
    ["load", "set"],
    ["load", join],
    ["unload", "unset"],
  ];
  const text = all.map(([kind, name]) => body(name) + hook(kind, name)).join("");
  assert.deepEqual(hooksOf(await build(["", text])), [
    `load ${join}`,
    "load set",
    "unload unset",
    `unload ${leave}`,
  ]);
});

buildTest("buildFix() refuses a shadow variable whose hooks Xen would not call", async () => {
  const shadow = body("xsplice_shadow_join_x") + hook("load", "xsplice_shadow_join_x");
  const { refusals } = await build(["", shadow + body("on_revert") + hook("revert")]);
  assert.deepEqual(
    refusals.map(({ rule, what }) => `${rule} ${what}`),
    ['uncalled-hook hook "revert"'],
  );
});

buildTest("buildFix() takes a new initial value that a hook of the source sets", async (t) => {
  const source = `${old}int outside;\nstatic volatile int limit = 3;\nint get(void) { return limit; }\n`;
  const base = makeBuildOf(t, { [file]: source });
  const build = async (does: string) => {
    const text = source.replace("= 3", "= 5") + body("on_load", does) + hook("load");
    const patches = [patchFrom(file, source, text)];
    return buildFix(base.options({}, { inputs: { patches } }));
  };
  const { refusals, warnings } = await build("limit = 5;");
  assert.deepEqual(refusals, []);
  assert.match(warnings, /variable "limit" .* keeps the one that it has: your hook must set it/);
  for (const does of ["outside = 5;", "if ( limit == 3 ) outside = 5;", "outside = limit + 2;"]) {
    const other = await build(does);
    assert.deepEqual(
      other.refusals.map(({ rule, what }) => `${rule} ${what}`),
      ['data-initial-value variable "limit"'],
      does,
    );
  }
  for (const does of [
    "limit += 2;",
    "*(volatile int *)&limit = 5;",
    "volatile int *p = &limit; *p = 5;",
  ]) {
    assert.deepEqual((await build(does)).refusals, [], does);
  }
});
