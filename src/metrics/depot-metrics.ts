// What a depot says that a host should run, beside what it runs; without a depot there are no samples.

import { type Metric, oneOf, secondsOf, single } from "./metric.ts";

const fixStates = ["in-force", "missing", "needs-reboot"] as const;

const updateResults = ["done", "refused", "failed"] as const;

export interface DepotFacts {
  readonly channel: string;
  /** When the depot's newest statement was signed, and when it stops being valid. */
  readonly signedAt: Date | undefined;
  readonly expiresAt: Date;
  /** By the name that people know: "XSA-494". */
  readonly fixes: readonly {
    readonly advisory: string;
    readonly state: (typeof fixStates)[number];
  }[];
  /** `undefined` when there was none. */
  readonly lastUpdate:
    | { readonly at: Date; readonly result: (typeof updateResults)[number] }
    | undefined;
}

export function metricsOfDepot(facts: DepotFacts): readonly Metric[] {
  const { channel, signedAt, expiresAt, fixes, lastUpdate } = facts;
  return [
    {
      name: "xsplice_fix_state",
      help: "1 for where this host stands with a fix, 0 for the others.",
      samples: fixes.flatMap(({ advisory, state }) => oneOf(fixStates, state, { advisory })),
    },
    {
      name: "xsplice_depot_signed_timestamp_seconds",
      help: "When the newest statement of the depot was signed.",
      samples: signedAt === undefined ? [] : [{ labels: { channel }, value: secondsOf(signedAt) }],
    },
    {
      name: "xsplice_depot_expiry_timestamp_seconds",
      help: "When the newest statement of the depot stops being valid.",
      samples: [{ labels: { channel }, value: secondsOf(expiresAt) }],
    },
    ...(lastUpdate === undefined
      ? []
      : [
          single(
            "xsplice_last_update_timestamp_seconds",
            "When this host was last updated from the depot, or was tried to.",
            secondsOf(lastUpdate.at),
          ),
          {
            name: "xsplice_last_update_result",
            help: "1 for how the last update ended, 0 for the others.",
            samples: oneOf(updateResults, lastUpdate.result, {}, "result"),
          },
        ]),
  ];
}
