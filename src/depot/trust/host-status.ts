// Where a host stands with what its depot says.

import type { HostView } from "../../plan/observe.ts";
import type { DepotWish, Fix } from "../form.ts";

interface FixStatus extends Fix {
  readonly state: "in-force" | "missing" | "needs-reboot";
  /** Name of the payload that closes it. */
  readonly payload?: string;
  /** Why it needs a reboot. */
  readonly reason?: string;
}

export interface HostStatus {
  readonly host: string;
  readonly xenBuildId: string;
  readonly release: string;
  readonly label: string;
  readonly channel: string;
  /** From the bottom to the top, where that is known. */
  readonly applied: readonly string[];
  readonly fixes: readonly FixStatus[];
  /** Names of payloads that are wished for, and not applied. */
  readonly missing: readonly string[];
  /** Names of loaded payloads that the channel had and has no more. */
  readonly surplus: readonly string[];
  /** Names of loaded payloads that the channel has never named. */
  readonly others: readonly string[];
  readonly isAsWished: boolean;
  readonly signedAt: string | undefined;
  readonly expires: string;
}

export function hostStatusOf(
  host: string,
  { info, state }: HostView,
  wish: DepotWish,
  { signedAt, expires }: { readonly signedAt: Date | undefined; readonly expires: Date },
): HostStatus {
  const applied = new Set(state.stack.names);
  const inForce = new Set(
    state.loaded.flatMap(({ name, facts }) => (applied.has(name) ? (facts.buildId ?? []) : [])),
  );
  const wished = new Set(wish.payloads.map(({ buildId }) => buildId));
  const former = new Set(wish.former.map(({ buildId }) => buildId));
  const closed = wish.payloads.flatMap(({ name, buildId, fixes }) =>
    fixes.map((fix): FixStatus => {
      return { ...fix, payload: name, state: inForce.has(buildId) ? "in-force" : "missing" };
    }),
  );
  const open = wish.needsReboot.map((fix): FixStatus => ({ ...fix, state: "needs-reboot" }));
  const unwished = state.loaded.filter(({ facts }) => !wished.has(facts.buildId ?? ""));
  const isFormer = ({ facts }: (typeof unwished)[number]): boolean =>
    former.has(facts.buildId ?? "");
  const missing = wish.payloads.filter(({ buildId }) => !inForce.has(buildId));
  const { major, minor, extra } = info.version;
  return {
    host,
    xenBuildId: wish.xenBuildId,
    release: `${major}.${minor}${extra}`,
    label: wish.label,
    channel: wish.channel,
    applied: state.stack.names,
    fixes: [...closed, ...open],
    missing: missing.map(({ name }) => name),
    surplus: unwished.filter(isFormer).map(({ name }) => name),
    others: unwished.filter((one) => !isFormer(one)).map(({ name }) => name),
    isAsWished: missing.length === 0 && unwished.length === 0,
    signedAt: signedAt?.toISOString(),
    expires: expires.toISOString(),
  };
}
