import assert from "node:assert/strict";
import { test } from "node:test";
import type { PayloadFacts } from "./facts-form.ts";
import type { AppliedStack, HostState, LoadedPayload } from "./host-state.ts";
import type { GivenPayload } from "./piece.ts";
import { makePlan, type Planned, type PlanOptions } from "./plan.ts";
import type { Wish } from "./wish.ts";

const XEN = "aa".repeat(20);

/** A payload of xSplice of which everything is known; its name is its build-id. */
function payload(name: string, functions: string, more: Partial<PayloadFacts> = {}): GivenPayload {
  const names = functions.split(" ").filter((text) => text !== "");
  const range = (start: bigint, sizeBytes: number) =>
    names.map((symbol) => ({ symbol, start, sizeBytes }));
  const facts: PayloadFacts = {
    buildId: name,
    depends: XEN,
    xenDepends: XEN,
    mode: "independent",
    guard: "full",
    functions: names,
    replaces: range(0n, 64),
    writes: range(4n, 1),
    guards: range(0n, 64),
    nops: "none",
    marker: undefined,
    requires: [],
    exports: [],
    imports: names,
    hooks: [],
    data: "none",
    metadata: [`build-id=${name}`],
    ...more,
  };
  return { source: `${name}.livepatch`, name, facts };
}

/** @param loaded names of files, those that are applied with a `+`; the stack is in that order */
function host(
  loaded: readonly string[],
  files: readonly GivenPayload[],
  more: Partial<HostState> = {},
): HostState {
  const find = (name: string) => {
    const found = files.find((file) => file.name === name);
    assert.ok(found, name);
    return found;
  };
  const payloads = loaded.map((text): LoadedPayload => {
    const name = text.replace("+", "");
    const kind = text.endsWith("+") ? "applied" : "checked";
    return { name, status: { kind }, facts: find(name).facts, history: "never-reverted" };
  });
  const names = loaded.filter((text) => text.endsWith("+")).map((text) => text.replace("+", ""));
  const stack: AppliedStack = { kind: "known", names, evidence: "host" };
  return { xenBuildId: XEN, bootId: "boot", nodeps: "possible", loaded: payloads, stack, ...more };
}

const to = (...payloads: readonly GivenPayload[]): Wish => ({ kind: "apply-exactly", payloads });
const revert = (...names: readonly string[]): Wish => ({ kind: "revert", names });

function stepsOf(planned: Planned): readonly string[] {
  if (planned.kind === "refused") return planned.obstacles.map(({ code }) => code);
  return planned.plan.steps.map(({ action, name }) => `${action} ${name}`);
}

function check(
  [loaded, files]: readonly [readonly string[], readonly GivenPayload[]],
  wish: Wish,
  expected: readonly string[],
  options: PlanOptions & { readonly state?: Partial<HostState> } = {},
): Planned {
  const planned = makePlan(host(loaded, files, options.state), wish, options);
  assert.deepEqual(stepsOf(planned), expected);
  return planned;
}

const a = payload("a", "alpha");
const b = payload("b", "beta");
const c = payload("c", "gamma");
const stacked = { mode: "stack" } as const;

test("makePlan() has nothing to do where all is as wished, in whatever order it was named", () => {
  check(
    [
      ["a+", "b+"],
      [a, b],
    ],
    to(b, a),
    [],
  );
});

test("makePlan() uploads first and unloads last, and replaces where one payload does", () => {
  const all = payload("all", "alpha beta gamma", { mode: "cumulative" });
  const expected = ["upload all", "replace all", "unload b", "unload a"];
  const planned = check(
    [
      ["a+", "b+"],
      [a, b],
    ],
    to(all),
    expected,
  );
  assert.ok(planned.kind === "plan" && planned.plan.missing.length === 0);
});

test("makePlan() replaces twice when what is to lie at the bottom is in use higher up", () => {
  const x = payload("x", "beta", stacked);
  const y = payload("y", "delta");
  const expected = ["upload y", "replace y", "replace x", "apply y", "unload c", "unload a"];
  check(
    [
      ["a+", "x+", "c+"],
      [a, x, c],
    ],
    to(x, y),
    expected,
  );
});

test("makePlan() replaces and reverts to get to nothing, rather than revert many", () => {
  const y = payload("y", "delta", { ...stacked, hooks: ["postapply"] });
  const x = payload("x", "epsilon");
  const d = payload("d", "zeta");
  const loaded = ["a+", "b+", "c+", "d+"];
  const planned = check([loaded, [a, b, c, d]], to(y, x), [
    ...["upload y", "upload x", "replace x", "revert x", "apply y", "apply x"],
    ...["unload d", "unload c", "unload b", "unload a"],
  ]);
  assert.ok(planned.kind === "plan" && planned.plan.quiesces === 4);
});

test("makePlan() unloads what has the same symbols before it uploads, although a fix is missing then", () => {
  const old = payload("old", "alpha", { ...stacked, exports: ["table"] });
  const next = payload("next", "alpha", { ...stacked, exports: ["table"] });
  const expected = ["revert old", "unload old", "upload next", "apply next"];
  const planned = check([["old+"], [old]], to(next), expected);
  assert.ok(planned.kind === "plan");
  assert.deepEqual(planned.plan.missing, [
    { fix: { kind: "function", name: "alpha" }, fromStep: 1, toStep: 4, meanwhile: undefined },
  ]);
  const gapless = makePlan(host(["old+"], [old]), to(next), { moments: "refuse" });
  assert.equal(stepsOf(gapless)[0], "plan/moment");
  const both = payload("both", "beta", { exports: ["table"] });
  check([[], []], to(next, both), ["plan/same-symbol"]);
});

test("makePlan() refuses a moment without a fix where a file may be all that is wanting, and only there", () => {
  const next = payload("next", "alpha");
  const shy = payload("shy", "alpha", { hooks: undefined });
  const state = host(["shy+"], [shy]);
  const options = { moments: "refuse-avoidable" } as const;
  const refused = makePlan(state, to(next), options);
  assert.deepEqual(stepsOf(refused), ["plan/no-file"]);
  assert.ok(refused.kind === "refused" && /"shy"/.test(refused.obstacles[0].problem));
  const told = payload("shy", "alpha");
  const replaced = ["upload next", "replace next", "unload shy"];
  assert.deepEqual(stepsOf(makePlan(state, to(next), { ...options, files: [told] })), replaced);
  const hooked = payload("shy", "alpha", { hooks: ["prerevert"] });
  const lifted = makePlan(state, to(next), { ...options, files: [hooked] });
  assert.ok(lifted.kind === "plan" && lifted.plan.missing.length === 1);
  const hookedNext = payload("next", "alpha", { hooks: ["prerevert"] });
  const anyway = makePlan(state, to(hookedNext), options);
  assert.ok(anyway.kind === "plan" && anyway.plan.missing.length === 1);
});

test("makePlan() leaves loaded what another payload refers to, and says so", () => {
  const base = payload("base", "alpha", { exports: ["base.data"] });
  const user = payload("user", "beta", { imports: ["beta", "base.data"] });
  const planned = check(
    [
      ["base+", "user+"],
      [base, user],
    ],
    revert("base"),
    ["revert user", "replace user"],
  );
  assert.ok(planned.kind === "plan");
  assert.deepEqual(
    planned.plan.notices.map(({ kind, name }) => `${kind} ${name}`),
    ["lifted user", "kept base"],
  );
});

test("makePlan() loads anew what is bound to a payload that was loaded again since", () => {
  const base = payload("base", "alpha", { exports: ["base.data"] });
  const user = payload("user", "beta", { imports: ["beta", "base.data"] });
  const expected = ["unload user", "upload user", "apply base", "apply user"];
  check(
    [
      ["user", "base"],
      [base, user],
    ],
    to(base, user),
    expected,
  );
  const known = makePlan(host(["user", "base"], [base, user]), revert("user"));
  assert.deepEqual(stepsOf(known), ["unload user"]);
});

test("makePlan() lays a payload on independent ones, of which it replaces what the lower one did", () => {
  const upper = payload("upper", "alpha", { ...stacked, depends: "b", requires: ["a"] });
  check([[], []], to(upper, b, a), [
    ...["upload a", "upload b", "upload upper", "apply a", "apply b", "apply upper"],
  ]);
  const unaware = payload("unaware", "alpha", { ...stacked, depends: "b" });
  check([[], []], to(unaware, b, a), ["plan/overlap"]);
});

test("makePlan() says which fix that stays is not in force, and which file the host knows by another name", () => {
  const stranger = payload("stranger", "alpha", { requires: ["b"] });
  const planned = makePlan(host(["b+", "a+", "stranger+"], [a, b, stranger]), to(a, b, stranger));
  assert.ok(planned.kind === "plan");
  assert.deepEqual(
    planned.plan.notices.map(({ kind, name }) => `${kind} ${name}`),
    ["not-in-force a"],
  );
  const known = { ...a, source: "other-name.livepatch", name: "other-name" };
  const same = makePlan(host(["a+"], [a]), to(known));
  assert.ok(same.kind === "plan");
  assert.deepEqual(
    same.plan.notices.map(({ words }) => words),
    ['other-name.livepatch is called "a" on the host'],
  );
});

test("makePlan() wants back what an interrupted sync has lifted, and its file", () => {
  const state = { interruptedGoal: ["b"] };
  check([["a+"], [a]], revert("a"), ["plan/no-file"], { state });
  const expected = ["upload b", "replace b", "unload a"];
  check([["a+"], [a]], revert("a"), expected, { state, files: [b] });
});

test("makePlan() without an order replaces, adds on top, and reverts nothing", () => {
  const stack: AppliedStack = { kind: "unknown", names: ["a", "b"], known: [], reasons: ["why"] };
  const state = { stack };
  const all = payload("all", "alpha beta", { mode: "cumulative" });
  const replaced = ["upload all", "replace all", "unload b", "unload a"];
  check(
    [
      ["a+", "b+"],
      [a, b],
    ],
    to(all),
    replaced,
    { state },
  );
  check(
    [
      ["a+", "b+"],
      [a, b],
    ],
    to(a, b, c),
    ["upload c", "apply c"],
    { state },
  );
  const refused = makePlan(host(["a+", "b+"], [a, b], state), revert("a"));
  assert.ok(refused.kind === "refused");
  assert.equal(refused.obstacles[0].problem, "Cannot tell what is applied on what on this host");
  assert.equal(refused.obstacles[0].where, "why");
  assert.match(refused.obstacles[0].remedy ?? "", /try "xsplice revert NAME" of each/);
  const foreign = payload("b", "beta", { buildId: undefined, depends: undefined });
  const untold = makePlan(host(["a+", "b+"], [a, foreign], state), revert("a"));
  assert.ok(untold.kind === "refused");
  assert.equal(untold.obstacles[0].remedy, "give the files of what is loaded");
});

test("makePlan() needs to know of hooks before it replaces", () => {
  const shy = payload("shy", "alpha", { hooks: undefined });
  const all = payload("all", "alpha", { mode: "cumulative" });
  const planned = check([["shy+"], [shy]], to(all), [
    ...["upload all", "revert shy", "apply all", "unload shy"],
  ]);
  assert.ok(planned.kind === "plan");
  assert.match(planned.plan.whyMissing.join(), /it is not known which hooks "shy" has/);
});

test("makePlan() refuses another hypervisor's payload, a missing link, and what is not there", () => {
  check([[], []], to(payload("x", "alpha", { xenDepends: "bb" })), ["plan/wrong-hypervisor"]);
  const upper = payload("upper", "alpha", { ...stacked, depends: "lower" });
  check([[], []], to(upper), ["plan/missing-link"]);
  const needy = payload("needy", "alpha", { requires: ["lower"] });
  check([[], []], to(needy), ["plan/missing-link"]);
  check([["a+"], [a]], revert("b"), ["plan/not-loaded"]);
  const state = { nodeps: "impossible" } as const;
  const crowded = makePlan(host(["a+"], [a], state), to(a, b));
  assert.ok(stepsOf(crowded).includes("plan/same-place"));
});

test("makePlan() sees through two names of one function when it has addresses", () => {
  const alias = payload("alias", "alpha_too");
  const addressOf = (symbol: string) => (symbol.startsWith("alpha") ? 0x1000n : undefined);
  check([["a+"], [a]], to(a, alias), ["upload alias", "apply alias"]);
  check([["a+"], [a]], to(a, alias), ["plan/overlap"], { addressOf });
});

test("makePlan() takes another name when a different payload has the file's", () => {
  const next = { ...payload("0123456789", "alpha"), name: "a" };
  const planned = check([["a+"], [a]], to(next), [
    ...["upload a-01234567", "replace a-01234567", "unload a"],
  ]);
  assert.ok(planned.kind === "plan");
  assert.equal(planned.plan.notices[0]?.kind, "renamed");
});
