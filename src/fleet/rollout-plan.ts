// A roll-out as it is planned: which hosts, in which waves, from what to what, under which rules. It is written
// once and never changed. The dry run is the same plan, shown in groups.

import { FleetError } from "./errors.ts";
import type { Forecast } from "./forecast.ts";
import { compareText, type FleetHost, type Labels } from "./labels.ts";
import { type Limits, requireLimits } from "./limits.ts";
import type { Stack } from "./stack.ts";
import { type Dice, divideIntoWaves, orderForWaves, type WaveSize } from "./waves.ts";
import type { Window } from "./windows.ts";

/** A state that the depot has signed; runners verify it themselves. */
interface Target {
  readonly channel: string;
  /** Of the signed documents. */
  readonly version: number;
}

/** What to do when more hosts fail than are tolerated, or a gate does not open. */
type OnFailure = "stop" | "take-back-wave" | "take-back-all";

export interface RolloutRules {
  readonly target: Target;
  readonly waves: readonly WaveSize[];
  /** How long a wave that is complete is watched before its gate. */
  readonly soakMs: number;
  readonly limits: Limits;
  readonly windows: readonly Window[];
  /** So many hosts may fail before it stops. */
  readonly tolerated: number;
  readonly onFailure: OnFailure;
  /** A host of which nothing was heard for so long counts as failed. */
  readonly silentMs: number;
  /** `allow`: hosts take part although a fix is missing on them for a moment. */
  readonly moments: "refuse" | "allow";
  /** The user's own check, before each next wave. */
  readonly check: string | undefined;
  /** When hosts belong to a roll-out that has not ended. */
  readonly whenOverlapping: "refuse" | "queue";
}

export interface PlannedHost {
  readonly labels: Labels;
  readonly xenBuildId: string;
  readonly from: Stack;
  readonly to: Stack;
}

export interface RolloutPlan {
  readonly id: string;
  readonly rules: Omit<RolloutRules, "waves">;
  readonly waves: readonly (readonly string[])[];
  readonly hosts: Readonly<Record<string, PlannedHost>>;
}

/** Each host of the selection is in exactly one group. */
interface DryRun {
  readonly asWished: readonly string[];
  readonly oneRendezvous: readonly string[];
  /** More than one, without a moment in which a fix is missing. */
  readonly severalRendezvous: readonly string[];
  readonly moment: readonly {
    readonly fixes: readonly string[];
    readonly hosts: readonly string[];
  }[];
  readonly refuses: readonly {
    readonly reasons: readonly string[];
    readonly hosts: readonly string[];
  }[];
  readonly unreachable: readonly string[];
  readonly noPayload: readonly {
    readonly xenBuildId: string | undefined;
    readonly hosts: readonly string[];
  }[];
  /** Shares that added no host. */
  readonly emptyWaves: readonly string[];
  /** Behind the last wave. */
  readonly beyond: readonly string[];
}

export interface PlannedRollout {
  /** `undefined` when no host can take part. */
  readonly plan: RolloutPlan | undefined;
  readonly dryRun: DryRun;
}

/**
 * Those who are as wished already take part: a gate looks at them as well, and they cost nothing.
 * @param first canaries
 * @throws FleetError fleet/bad-request for rules that contradict themselves
 */
export function planRollout(
  id: string,
  rules: RolloutRules,
  hosts: readonly FleetHost[],
  forecasts: ReadonlyMap<string, Forecast>,
  first: (host: FleetHost) => boolean,
  dice: Dice,
): PlannedRollout {
  requireRules(rules);
  const taking = hosts.filter(({ id: host }) => takesPart(forecasts.get(host), rules));
  const [spreadBy] = Object.keys(rules.limits.perLabel);
  const order = orderForWaves(taking, first, spreadBy, dice);
  const { waves, empty, beyond } = divideIntoWaves(order, rules.waves);
  const dryRun = { ...groupForecasts(hosts, forecasts), emptyWaves: empty, beyond };
  if (waves.length === 0) return { plan: undefined, dryRun };
  const members = new Set(waves.flat());
  const planned = taking.flatMap((host) => {
    const forecast = forecasts.get(host.id);
    if (forecast?.kind !== "goes" || !members.has(host.id)) return [];
    const { xenBuildId, from, to } = forecast;
    return [[host.id, { labels: host.labels, xenBuildId, from, to }] as const];
  });
  const { waves: _, ...kept } = rules;
  return { plan: { id, rules: kept, waves, hosts: Object.fromEntries(planned) }, dryRun };
}

function groupForecasts(
  hosts: readonly FleetHost[],
  forecasts: ReadonlyMap<string, Forecast>,
): Omit<DryRun, "emptyWaves" | "beyond"> {
  const all = hosts.map(({ id }): readonly [string, Forecast] => {
    return [id, forecasts.get(id) ?? { kind: "unreachable", reason: "no runner has reached it" }];
  });
  const going = all.flatMap(([host, forecast]) =>
    forecast.kind === "goes" ? [{ host, ...forecast }] : [],
  );
  const smooth = going.filter(({ missing }) => missing.length === 0);
  const named = (some: readonly { readonly host: string }[]) => some.map(({ host }) => host);
  const refusing = all.flatMap(([host, forecast]) =>
    forecast.kind === "refuses" ? [[host, forecast.reasons] as const] : [],
  );
  const strange = all.flatMap(([host, forecast]) =>
    forecast.kind === "no-payload" ? [[host, forecast.xenBuildId] as const] : [],
  );
  const gapped = going
    .filter(({ missing }) => missing.length > 0)
    .map(({ host, missing }) => [host, missing] as const);
  return {
    asWished: named(smooth.filter(({ rendezvous }) => rendezvous === 0)),
    oneRendezvous: named(smooth.filter(({ rendezvous }) => rendezvous === 1)),
    severalRendezvous: named(smooth.filter(({ rendezvous }) => rendezvous > 1)),
    moment: together(gapped).map(({ same, hosts: some }) => ({ fixes: same, hosts: some })),
    refuses: together(refusing).map(({ same, hosts: some }) => ({ reasons: same, hosts: some })),
    unreachable: all.flatMap(([host, { kind }]) => (kind === "unreachable" ? [host] : [])),
    noPayload: together(strange).map(({ same, hosts: some }) => ({
      xenBuildId: same,
      hosts: some,
    })),
  };
}

/** Hosts with the same answer, the largest group first. */
function together<Answer>(
  pairs: readonly (readonly [string, Answer])[],
): readonly { readonly same: Answer; readonly hosts: readonly string[] }[] {
  const groups = new Map<string, { readonly same: Answer; readonly hosts: string[] }>();
  for (const [host, same] of pairs) {
    const key = JSON.stringify(same) ?? "";
    const group = groups.get(key) ?? { same, hosts: [] };
    groups.set(key, group);
    group.hosts.push(host);
  }
  const sorted = [...groups].sort(
    ([key, one], [other, { hosts }]) => hosts.length - one.hosts.length || compareText(key, other),
  );
  return sorted.map(([, group]) => group);
}

function takesPart(forecast: Forecast | undefined, { moments }: RolloutRules): boolean {
  return forecast?.kind === "goes" && (forecast.missing.length === 0 || moments === "allow");
}

function requireRules({ limits, soakMs, tolerated, silentMs }: RolloutRules): void {
  requireLimits(limits);
  for (const [what, value] of Object.entries({ soakMs, tolerated, silentMs })) {
    if (Number.isSafeInteger(value) && value >= 0) continue;
    throw new FleetError({
      code: "fleet/bad-request",
      problem: `Cannot use ${value} as ${what} of a roll-out`,
      expected: "a whole number, 0 or more",
    });
  }
}
