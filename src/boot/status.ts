// What the next boot of a host will do, beside what the host runs now.

import type { BootReport, LastBoot, QuarantinedPayload } from "../host/boot-store.ts";
import type { HostInfo, ListedPayload } from "../host/host.ts";
import { settledState } from "../host/settled-state.ts";

export interface BootStatus {
  readonly service: BootReport["service"];
  readonly turnedOff: boolean;
  readonly settleSeconds: number | undefined;
  /** For the hypervisor that runs, from the bottom to the top. */
  readonly kept: readonly KeptLine[];
  readonly quarantined: readonly QuarantinedPayload[];
  /** Build-ids of other hypervisors that something is kept for. */
  readonly otherHypervisors: readonly string[];
  /** Of this boot. */
  readonly lastBoot: LastBoot | undefined;
  /** What somebody should look at; none when the next boot will bring back what runs now. */
  readonly troubles: readonly BootTrouble[];
}

export interface KeptLine {
  readonly name: string;
  readonly isApplied: boolean;
  /** Seconds since it was applied, until it counts as safe. */
  readonly youngSeconds: number | undefined;
}

export type BootTrouble =
  | { readonly kind: "off" | "disabled" | "turned-off" | "other-script" | "other-format" }
  /** Of the named payload: kept and not applied; applied and not kept; its file is not known; set aside. */
  | { readonly kind: "not-applied" | "not-kept" | "no-file" | "quarantined"; readonly name: string }
  /** The last boot did not apply it. */
  | { readonly kind: "missing"; readonly name: string; readonly why: string }
  /** The script ended with this word, or (`undefined`) was killed. */
  | { readonly kind: "ended"; readonly ending: string | undefined };

export function bootStatusOf(
  report: BootReport,
  { buildId, bootId }: HostInfo,
  list: readonly ListedPayload[],
): BootStatus {
  const { service, turnedOff, settleSeconds, quarantined, lists, young, last } = report;
  const applied = list.flatMap(({ name, status }) =>
    settledState(status) === "applied" ? name : [],
  );
  const own = lists.find(({ xenBuildId }) => xenBuildId === buildId);
  const kept = (own?.payloads ?? []).map(({ name }) => ({
    name,
    isApplied: applied.includes(name),
    youngSeconds: young.find((one) => one.name === name)?.seconds,
  }));
  const lastBoot = last?.bootId === bootId ? last : undefined;
  const isOn = service === "systemd" || service === "manual";
  return {
    service,
    turnedOff,
    settleSeconds,
    kept,
    quarantined,
    otherHypervisors: lists.flatMap((one) => (one === own ? [] : one.xenBuildId)),
    lastBoot,
    troubles: [
      ...(service === "off" || service === "disabled" ? [{ kind: service }] : []),
      ...(turnedOff ? [{ kind: "turned-off" as const }] : []),
      ...(isOn && report.script === "other" ? [{ kind: "other-script" as const }] : []),
      ...(own !== undefined && own.payloads === undefined
        ? [{ kind: "other-format" as const }]
        : []),
      ...(isOn ? difference(own?.payloads ?? [], applied) : []),
      ...quarantined.map(({ name }) => ({ kind: "quarantined" as const, name })),
      ...(lastBoot === undefined ? [] : troublesOf(lastBoot, applied)),
    ],
  };
}

function difference(
  kept: readonly { readonly name: string; readonly sha256: string | undefined }[],
  applied: readonly string[],
): readonly BootTrouble[] {
  return [
    ...kept.flatMap(({ name, sha256 }): readonly BootTrouble[] => {
      if (!applied.includes(name)) return [{ kind: "not-applied", name }];
      return sha256 === undefined ? [{ kind: "no-file", name }] : [];
    }),
    ...applied
      .filter((name) => !kept.some((one) => one.name === name))
      .map((name): BootTrouble => ({ kind: "not-kept", name })),
  ];
}

/** The usual endings are no trouble; what is missing is told by name, as long as it is. */
function troublesOf(
  { ending, missing }: LastBoot,
  applied: readonly string[],
): readonly BootTrouble[] {
  const usual = ["done", "incomplete", "off"];
  const isUsual = ending !== undefined && usual.includes(ending);
  return [
    ...missing
      .filter(({ name }) => !applied.includes(name))
      .map(({ name, why }): BootTrouble => ({ kind: "missing", name, why })),
    ...(isUsual ? [] : [{ kind: "ended" as const, ending }]),
  ];
}
