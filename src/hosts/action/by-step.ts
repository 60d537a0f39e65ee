// Actions over a link that performs one step at a time: act.ts does the waiting, the retries and the
// verdict for all such links.

import type { ActOptions, ActOutcome, PayloadStatus } from "../../host/host.ts";
import { settledState } from "../../host/settled-state.ts";
import { systemClock } from "../clock.ts";
import { type Deadline, startStepDeadline } from "../deadline.ts";
import type { HostLink } from "../host-link.ts";
import { act } from "./act.ts";
import type { ActRequest, ActTarget, ReadConsole, StartRequest } from "./target.ts";

export interface StepLink extends Pick<HostLink, "label" | "list" | "status"> {
  /** Xen's immediate answer: 0 when it accepted the action, otherwise the positive error number. */
  start(request: StartRequest, deadline: Deadline): Promise<number>;
  /** Reads what the hypervisor printed since now; `undefined` where the console cannot be read. */
  watchConsole(deadline: Deadline): Promise<ReadConsole>;
}

export function actByStep(
  link: StepLink,
  request: ActRequest,
  options: ActOptions,
): Promise<ActOutcome> {
  const deadline = startStepDeadline(link.label, options, systemClock);
  const target: ActTarget = {
    label: link.label,
    status: (name) => statusOver(link, name, deadline),
    appliedNames: async () => {
      const payloads = await link.list(deadline);
      return payloads.flatMap(({ name, status }) =>
        settledState(status) === "applied" ? name : [],
      );
    },
    start: (step) => link.start(step, deadline),
    watchConsole: () => link.watchConsole(deadline),
  };
  return act(target, request, options, systemClock);
}

export async function statusOver(
  link: Pick<HostLink, "list" | "status">,
  name: string,
  deadline: Deadline,
): Promise<PayloadStatus | undefined> {
  if (link.status !== undefined) return link.status(name, deadline);
  return (await link.list(deadline)).find((payload) => payload.name === name)?.status;
}
