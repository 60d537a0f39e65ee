import assert from "node:assert/strict";
import { test } from "node:test";
import { compileDraft, emitExample, emitInput } from "./emit/emit.test.support.ts";
import { emitPayload } from "./emit/emit.ts";
import { parsePayload } from "./parse.ts";
import { mayIgnoreDependency, readStackingFacts, type StackingFacts } from "./stacking.ts";

function factsOf(bytes: Uint8Array): StackingFacts {
  return readStackingFacts(parsePayload(bytes, "x").metadata);
}

test("readStackingFacts() reads back what the emitter says of a payload", () => {
  const { bytes, marker } = emitExample({
    stacking: { mode: "cumulative", guard: "entry", marker: "carried", requires: [] },
    metadata: [["team", "red"]],
  });
  const { buildId, depends, ...facts } = factsOf(bytes);
  assert.equal(depends, "01".repeat(20));
  assert.equal(buildId, parsePayload(bytes, "x").buildId);
  assert.deepEqual(facts, {
    mode: "cumulative",
    guard: "entry",
    marker: marker?.symbol,
    functions: ["xen_f", "xen_g"],
    requires: [],
    hooks: [],
    kept: [],
    lingers: [],
    parks: [],
    sleeps: [],
    unsafe: [],
  });
});

test("readStackingFacts() reads back where CPUs stand, and vCPUs sleep", () => {
  const standing = {
    lingers: ["idle_loop"],
    parks: ["play_dead"],
    sleeps: ["hvm_copy"],
    unsafe: ["do_nmi", "nmi"],
  };
  const { lingers, parks, sleeps, unsafe } = factsOf(emitExample({ standing }).bytes);
  assert.deepEqual({ lingers, parks, sleeps, unsafe }, standing);
});

test("readStackingFacts() reads back which kinds of hooks a payload has, each once", () => {
  const draft = compileDraft({ c: "void up(void) {} int ask(void *p) { return 0; }" });
  const codeNamed = (name: string) => {
    return draft.symbols.find((symbol) => symbol.name === name) ?? assert.fail(name);
  };
  const hooks = [
    { kind: "preapply", code: codeNamed("ask") },
    { kind: "load", code: codeNamed("up") },
    { kind: "load", code: codeNamed("up") },
  ] as const;
  const { bytes } = emitPayload(emitInput(draft, [], { hooks }));
  assert.deepEqual(factsOf(bytes).hooks, ["load", "preapply"]);
  assert.ok(parsePayload(bytes, "x").metadata.includes("hooks=preapply,load"));
});

test("readStackingFacts() does not guess what a payload of another tool is", () => {
  assert.deepEqual(readStackingFacts(["version=1", "mode=trial", "guard"]), {
    buildId: undefined,
    depends: undefined,
    mode: undefined,
    guard: undefined,
    marker: undefined,
    functions: undefined,
    requires: [],
    hooks: [],
    kept: [],
    lingers: [],
    parks: [],
    sleeps: [],
    unsafe: [],
  });
});

test("readStackingFacts() knows no functions where the list was too long, or has odd names", () => {
  const names = Array.from({ length: 200 }, (_, index) => `function_${index}`);
  const c = names.map((name) => `int ${name}(int n) { return n + 1; }`).join("\n");
  const draft = compileDraft({ c });
  assert.equal(factsOf(emitPayload(emitInput(draft, names)).bytes).functions, undefined);
  const few = emitInput(draft, names.slice(0, 2));
  const odd = few.replacements.map((one) => ({ ...one, oldName: `${one.oldName},` }));
  assert.equal(factsOf(emitPayload({ ...few, replacements: odd }).bytes).functions, undefined);
  const hooksOnly = readStackingFacts(["functions="]);
  assert.deepEqual(hooksOnly.functions, []);
});

test("mayIgnoreDependency() asks for a payload that carries all that it depends on", () => {
  const may = (mode: StackingFacts["mode"], guard: StackingFacts["guard"]) =>
    mayIgnoreDependency({ mode, guard });
  assert.equal(may("independent", "full"), true);
  assert.equal(may("independent", "entry"), false);
  assert.equal(may("stack", "full"), false);
  assert.equal(may(undefined, undefined), false);
});
