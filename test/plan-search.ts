// Every way there is, on small sets: all sequences of apply, revert and replace that the model of the
// hypervisor takes and that the rules for users allow, the rules stated here once more and from the
// designs of the payloads alone. Not a test.

import type { XenModel } from "../src/xen-model/mod.ts";
import { functionNames } from "../src/xen-model/synthetic.test.support.ts";
import type { Design, MadePayload } from "./plan-payloads.ts";
import { type LivedHost, uses } from "./plan-universe.ts";

export interface Cost {
  /** Functions, and payloads with hooks, that are missing at some point. */
  readonly missing: number;
  readonly quiesces: number;
}

interface Node {
  readonly model: XenModel;
  readonly reverted: ReadonlySet<string>;
  /** Was missing at some point so far. */
  readonly missing: ReadonlySet<string>;
}

/** More rendezvous than any small set needs. */
const QUIESCES_MAX = 9;

/** The least, first of what is missing, then of quiesces; `undefined` when there is no way. */
export function searchAll(
  host: LivedHost,
  universe: readonly MadePayload[],
  wanted: readonly MadePayload[],
): Cost | undefined {
  const made = new Map(universe.map((payload) => [payload.name, payload]));
  const start = host.model.applied.flatMap((name) => made.get(name) ?? []);
  const judge = missingJudge(start, wanted);
  const seen = new Set<string>();
  let best: Cost | undefined;
  let front: Node[] = [{ ...host, missing: new Set() }];
  for (let quiesces = 0; quiesces <= QUIESCES_MAX && front.length > 0; quiesces++) {
    const next: Node[] = [];
    for (const node of front) {
      if (isGoal(node, wanted)) {
        if (best === undefined || node.missing.size < best.missing) {
          best = { missing: node.missing.size, quiesces };
        }
        continue;
      }
      for (const follower of movesFrom(node, universe, wanted, start)) {
        const stack = follower.model.applied.flatMap((name) => made.get(name) ?? []);
        const missing = new Set([...follower.missing, ...judge(stack)]);
        const key = keyOf(follower, missing);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push({ ...follower, missing });
      }
    }
    front = next;
  }
  return best;
}

function isGoal({ model }: Node, wanted: readonly MadePayload[]): boolean {
  const { applied } = model;
  return applied.length === wanted.length && wanted.every(({ name }) => applied.includes(name));
}

function keyOf({ model, reverted }: Node, missing: ReadonlySet<string>): string {
  const loaded = model.list().map(({ name }) => name);
  return [model.applied, loaded, [...reverted].sort(), [...missing].sort()].join("|");
}

function movesFrom(
  node: Node,
  universe: readonly MadePayload[],
  wanted: readonly MadePayload[],
  start: readonly MadePayload[],
): readonly Node[] {
  const { model } = node;
  const stack = model.applied.flatMap((name) => universe.find((made) => made.name === name) ?? []);
  const moves: Node[] = [];
  const attempt = (
    from: Node,
    action: "apply" | "revert" | "replace",
    name: string,
    free: boolean,
  ) => {
    const copy = from.model.fork();
    const before = copy.applied;
    const dependencyCheck = free ? "hypervisor-only" : "whole-chain";
    if (copy.act({ action, name, dependencyCheck }).kind !== "done") return false;
    const gone = before.filter((other) => !copy.applied.includes(other));
    // State that is lost: nobody allowed it.
    const isLost = gone.some((other) => {
      const payload = wanted.find((made) => made.name === other);
      return payload?.design.data === "writable" && start.includes(payload);
    });
    if (!isLost)
      moves.push({ ...from, model: copy, reverted: new Set([...from.reverted, ...gone]) });
    return true;
  };
  const top = stack.at(-1);
  if (top !== undefined) attempt(node, "revert", top.name, false);
  for (const payload of wanted) {
    if (stack.includes(payload)) continue;
    const ready = makeReady(node, payload, universe);
    if (ready === undefined) continue;
    const { name, design } = payload;
    if (stack.length > 0) attempt(ready, "replace", name, false);
    const isCovering = stack.some(
      (lower) => conflict(payload, lower) && !design.on.includes(lower),
    );
    if (isCovering) continue;
    if (!attempt(ready, "apply", name, false) && design.mode === "independent") {
      attempt(ready, "apply", name, true);
    }
  }
  return moves;
}

/** One changes what the other changes or guards. */
function conflict(one: MadePayload, other: MadePayload): boolean {
  // Of what a payload below has replaced, a guard expects a jump, and takes anybody's.
  const isAnyJump = ({ on }: Design, name: string) =>
    on.some(({ design: { functions } }) => functions.some((own) => own === name));
  const claims = ({ design }: MadePayload): readonly string[] =>
    design.guard === "full"
      ? [...design.functions, ...(design.relied ?? []).filter((name) => !isAnyJump(design, name))]
      : design.functions;
  const writes = ({ design }: MadePayload): readonly string[] => design.functions;
  return (
    writes(one).some((name) => claims(other).includes(name)) ||
    writes(other).some((name) => claims(one).includes(name))
  );
}

/** Loads it, or loads it anew, with those that refer to it; `undefined` where that cannot be. */
function makeReady(
  node: Node,
  payload: MadePayload,
  universe: readonly MadePayload[],
): Node | undefined {
  const isLoaded = (other: MadePayload) => node.model.payload(other.name) !== undefined;
  const order = node.model.list().map(({ name }) => name);
  const providers = universe.filter((other) => other !== payload && uses(payload, other));
  if (!providers.every(isLoaded)) return undefined;
  const isStale = providers.some(({ name }) => order.indexOf(name) > order.indexOf(payload.name));
  const isDirty = node.reverted.has(payload.name) && payload.design.data === "writable";
  if (isLoaded(payload) && !isStale && !isDirty) return node;
  const model = node.model.fork();
  const users = universe.filter(
    (other) => isLoaded(other) && usesSomehow(other, payload, universe),
  );
  const leaving = [...order]
    .reverse()
    .filter((name) => name === payload.name || users.some((user) => user.name === name));
  for (const name of leaving) {
    const answer = model.act({ action: "unload", name, dependencyCheck: "whole-chain" });
    if (answer.kind !== "accepted") return undefined;
  }
  if (model.upload(payload.name, payload.bytes).kind !== "accepted") return undefined;
  const reverted = new Set([...node.reverted].filter((name) => !leaving.includes(name)));
  return { ...node, model, reverted };
}

function usesSomehow(
  user: MadePayload,
  provider: MadePayload,
  universe: readonly MadePayload[],
): boolean {
  return (
    user !== provider &&
    (uses(user, provider) ||
      universe.some(
        (middle) =>
          middle !== user && uses(user, middle) && usesSomehow(middle, provider, universe),
      ))
  );
}

/** What is missing with a stack, of what was there at the start and is wanted. */
function missingJudge(start: readonly MadePayload[], wanted: readonly MadePayload[]) {
  const byDepth = wanted.toSorted((one, other) => one.design.on.length - other.design.on.length);
  const replaces = (name: string) => (payload: MadePayload) =>
    payload.design.functions.some((own) => own === name);
  const rules = functionNames.flatMap((name) => {
    const before = start.filter(replaces(name));
    // Whoever replaces the same function was made for those below, or both cannot be there.
    const after = byDepth.filter(replaces(name));
    const [was, becomes] = [before.at(-1), after.at(-1)];
    if (was === undefined || becomes === undefined) return [];
    const good = new Set([was, becomes]);
    if (before.includes(becomes))
      for (const one of before.slice(before.indexOf(becomes))) good.add(one);
    if (after.includes(was)) for (const one of after.slice(after.indexOf(was))) good.add(one);
    return [{ name, good }];
  });
  const hooked = start
    .filter(({ design }) => design.hooks.length > 0)
    .filter((one) => wanted.includes(one));
  return (stack: readonly MadePayload[]): readonly string[] => [
    ...rules.flatMap(({ name, good }) => {
      const owner = stack.findLast(replaces(name));
      return owner !== undefined && good.has(owner) ? [] : [name];
    }),
    ...hooked.filter((payload) => !stack.includes(payload)).map(({ name }) => `payload ${name}`),
  ];
}
