// Taking back, step by step, under the same limits as the way forward.

import { chooseNext } from "./limits.ts";
import {
  type Decision,
  grantedTo,
  named,
  nothing,
  type RolloutView,
  sinceOf,
} from "./rollout-view.ts";
import { orderOf } from "./standing.ts";
import { type BackStanding, backStandingOf, scopeOf } from "./take-back.ts";

const NAMED_MAX = 20;

/** Without maintenance windows: whoever takes back has a reason not to wait. */
export function decideBack(view: RolloutView): Decision {
  const { plan, rollout, replica, ledger, othersAtWork, wanted } = view;
  const scope = standingsOf(view);
  const those = (kind: BackStanding["kind"]) =>
    scope.filter(([, standing]) => standing.kind === kind).map(([host]) => host);
  const look = those("unseen");
  const granted = grantedTo(view);
  const toDo = those("to-do").filter((host) => !Object.hasOwn(ledger.grants, host));
  const begin =
    wanted === "pause"
      ? []
      : chooseNext(
          toDo.map(named(view)),
          granted.map(named(view)),
          othersAtWork,
          plan.rules.limits,
        );
  if (begin.length > 0 || look.length > 0) {
    return { ...nothing, begin: begin.map(({ id }) => id), number: 2, look };
  }
  const silent = new Set(those("silent"));
  const isGranted = granted.some((host) => ledger.grants[host]?.number === 2 && !silent.has(host));
  const newest = scope.map(([host]) => orderOf(plan.id, host, replica)?.storedAt ?? 0);
  const isStuck = view.now > Math.max(sinceOf(rollout), ...newest) + plan.rules.silentMs;
  const isToWait = those("to-do").length > 0 && !(isStuck && wanted !== "pause");
  if (isGranted || those("at-work").length > 0 || isToWait) return nothing;
  const { wave, after } = rollout.value;
  const reason = [rollout.value.reason, wordsOfRest(scope)].filter((words) => words !== undefined);
  return {
    ...nothing,
    next: { phase: "taken-back", wave, after, reason: reason.join("; "), since: undefined },
  };
}

function standingsOf(view: RolloutView): readonly (readonly [string, BackStanding])[] {
  const { plan, rollout, replica, now } = view;
  return scopeOf(plan, rollout.value).map((host) => {
    return [host, backStandingOf(plan, host, replica, sinceOf(rollout), now)];
  });
}

/** Those that are not as before: people have to know them. */
function wordsOfRest(scope: readonly (readonly [string, BackStanding])[]): string | undefined {
  const rest = scope.filter(([, { kind }]) => kind !== "back" && kind !== "untouched");
  if (rest.length === 0) return undefined;
  const names = rest.slice(0, NAMED_MAX).map(([host, standing]) => {
    return `${host} (${standing.kind === "failed" ? standing.reason : standing.kind})`;
  });
  const more = rest.length > NAMED_MAX ? ` and ${rest.length - NAMED_MAX} more` : "";
  return `not taken back: ${names.join(", ")}${more}`;
}
