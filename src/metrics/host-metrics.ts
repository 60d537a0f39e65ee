// What is known of a host without a depot: its hypervisor, the payloads with their states, the stack, and
// the journal. What is not known has no sample: a number would be a guess.

import type { ListedPayload } from "../host/host.ts";
import type { Journal } from "../plan/journal-form.ts";
import type { HostView } from "../plan/observe.ts";
import { viewStack } from "../plan/stack-view.ts";
import { type Metric, oneOf, type Sample, secondsOf, single } from "./metric.ts";

const payloadStates = ["checked", "applied", "busy", "failed"] as const;
const journalStates = ["none", "unreadable", "other-boot", "contradicted", "fits"] as const;

interface Asked {
  /** The release of xSplice. */
  readonly version: string;
  readonly at: Date;
}

/** Of a host that did not answer. */
export function metricsOfSilence(asked: Asked): readonly Metric[] {
  return howItWasAsked(asked, "silent");
}

export function metricsOfHost(view: HostView, asked: Asked): readonly Metric[] {
  return [
    ...howItWasAsked(asked, "answered"),
    hypervisor(view),
    ...payloads(view.list),
    ...stack(view),
    ...journal(view),
  ];
}

function howItWasAsked({ version, at }: Asked, outcome: "answered" | "silent"): readonly Metric[] {
  return [
    single(
      "xsplice_up",
      "Whether the hypervisor answered when it was last asked.",
      outcome === "answered" ? 1 : 0,
    ),
    single("xsplice_asked_timestamp_seconds", "When the hypervisor was last asked.", secondsOf(at)),
    {
      name: "xsplice_build_info",
      help: "The release of xSplice that asked.",
      samples: [{ labels: { version }, value: 1 }],
    },
  ];
}

function hypervisor({ info }: HostView): Metric {
  const { version, buildId, architecture } = info;
  const labels = {
    version: `${version.major}.${version.minor}${version.extra}`,
    build_id: buildId ?? "",
    architecture: architecture ?? "",
  };
  return {
    name: "xsplice_hypervisor_info",
    help: "The running hypervisor; what is not known is empty.",
    samples: [{ labels, value: 1 }],
  };
}

function payloads(list: readonly ListedPayload[]): readonly Metric[] {
  return [
    {
      name: "xsplice_payloads",
      help: "How many payloads are loaded, by state.",
      samples: payloadStates.map((state) => ({
        labels: { state },
        value: list.filter(({ status }) => status.kind === state).length,
      })),
    },
    {
      name: "xsplice_payload_state",
      help: "1 for the state that a loaded payload is in, 0 for the others.",
      samples: list.flatMap(({ name, status }) => oneOf(payloadStates, status.kind, { name })),
    },
    {
      name: "xsplice_payload_last_error",
      help: "Error number of Linux that a payload's last action ended with; 0 for none.",
      samples: list.map(({ name, status }) => ({
        labels: { name },
        value: status.kind === "failed" ? status.errno : 0,
      })),
    },
  ];
}

function stack({ state }: HostView): readonly Metric[] {
  const { applied, order, lostInReboot, interruptedGoal } = viewStack(state);
  const isKnown = order.kind === "known";
  return [
    {
      name: "xsplice_payload_info",
      help: "What an applied payload says of itself; what is not known is empty.",
      samples: applied.map(({ name, buildId = "", mode = "", guard = "" }) => ({
        labels: { name, build_id: buildId, mode, guard },
        value: 1,
      })),
    },
    single(
      "xsplice_stack_order_known",
      "Whether the order is known in which the payloads were applied.",
      isKnown ? 1 : 0,
    ),
    {
      name: "xsplice_stack_position",
      help: "Position of an applied payload, 1 directly on the hypervisor; none when the order is not known.",
      samples: isKnown
        ? applied.map(({ name }, index) => ({ labels: { name }, value: index + 1 }))
        : [],
    },
    {
      name: "xsplice_payload_functions",
      help: "How many functions an applied payload replaces.",
      samples: applied.flatMap(({ name, functions }): readonly Sample[] =>
        functions === undefined ? [] : [{ labels: { name }, value: functions.length }],
      ),
    },
    {
      name: "xsplice_payload_functions_lost",
      help: "How many of them run the code of a payload above that does not contain this one's fix.",
      samples: applied.flatMap(({ name, functions }): readonly Sample[] => {
        if (functions === undefined || !isKnown) return [];
        const value = functions.filter(({ lostTo }) => lostTo.length > 0).length;
        return [{ labels: { name }, value }];
      }),
    },
    single(
      "xsplice_payloads_lost_in_reboot",
      "How many payloads were applied before the last reboot and are not now.",
      lostInReboot?.length ?? 0,
    ),
    single(
      "xsplice_sync_interrupted",
      "Whether a sync began and has not reached its goal.",
      interruptedGoal === undefined ? 0 : 1,
    ),
  ];
}

function journal({ journal: verdict, written, list }: HostView): readonly Metric[] {
  const log = written?.log ?? [];
  const last = written?.pending ?? log.at(-1);
  const metrics: Metric[] = [
    {
      name: "xsplice_journal_state",
      help: "1 for what the journal in dom0 is to the host as it is now, 0 for the others.",
      samples: oneOf(journalStates, verdict),
    },
    {
      name: "xsplice_last_action_timestamp_seconds",
      help: "When the last action through xSplice began, in this boot or an earlier one.",
      samples: last === undefined ? [] : timeOf(last.at, {}),
    },
  ];
  if (verdict !== "fits" || written === undefined) return metrics;
  const isOpen = list.some(
    ({ name, status }) => name === written.pending?.name && status.kind === "busy",
  );
  return [
    ...metrics,
    {
      name: "xsplice_payload_applied_timestamp_seconds",
      help: "When an applied payload was applied, by the journal in dom0.",
      samples: list.flatMap((payload) => appliedAt(payload, log)),
    },
    single(
      "xsplice_action_pending",
      "Whether an action began whose end nobody has written down; the next command does.",
      written.pending === undefined || isOpen ? 0 : 1,
    ),
  ];
}

function appliedAt({ name, status }: ListedPayload, log: Journal["log"]): readonly Sample[] {
  if (status.kind !== "applied") return [];
  const entry = log.findLast((one) => one.name === name && /^(apply|replace)$/.test(one.action));
  return entry === undefined ? [] : timeOf(entry.at, { name });
}

/** The journal's times are texts, of whoever wrote it. */
function timeOf(at: string, labels: Sample["labels"]): readonly Sample[] {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? [] : [{ labels, value: secondsOf(time) }];
}
