import { HostError } from "../../host/errors.ts";
import type { Metric } from "../../metrics/mod.ts";
import type { HostView } from "../../plan/observe.ts";
import { depotFactsOf } from "../depot/facts.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { CommandCall, CommandSpec } from "../spec.ts";
import { packageVersion } from "../version.ts";
import { withHost } from "../with-host.ts";

export const metricsCommand: CommandSpec = {
  name: "metrics",
  summary: "print what a host runs as metrics for Prometheus",
  description: [
    "The text format of Prometheus, as the textfile collector of node_exporter reads it: the hypervisor, each payload with its state, the stack, and the journal. Run it from a timer, with --output and a file in the collector's directory. The file is replaced as a whole, so that no half of it is ever collected.",
    "Where a depot is trusted, also what it said when it was last asked: the state of each fix, when its word was signed and when it expires, and how the last update ended. Nothing is asked of the network: xsplice status does that, from a timer of its own.",
    "If the host does not answer, that is a metric as well: xsplice_up is 0, and the exit code is 1. Alert rules are in share/prometheus/xsplice.rules.yml.",
  ],
  arguments: [],
  options: [
    {
      name: "output",
      value: "FILE",
      completes: "file",
      description: "write the metrics to this file, and nothing to standard output",
      excludes: [{ option: "json", because: "the file is for Prometheus, which reads no JSON" }],
    },
  ],
  examples: [
    { command: "xsplice metrics", explains: "what this dom0's hypervisor runs" },
    {
      command: "xsplice metrics --output /var/lib/prometheus/node-exporter/xsplice.prom",
      explains: "for node_exporter, where Debian's package looks",
    },
  ],
  kind: "own",
  run: async (call) => {
    const { metricsOfHost, metricsOfSilence } = await import("../../metrics/mod.ts");
    const asked = { version: packageVersion(), at: new Date() };
    const view = await lookAtHost(call);
    if (view instanceof HostError) {
      // With --json, the error is the one document.
      if (call.globals.output === "text") await hand(call, metricsOfSilence(asked));
      throw view;
    }
    const depot = await depotFactsOf(call, view);
    const { metricsOfDepot } = await import("../../metrics/mod.ts");
    await hand(call, [...metricsOfHost(view, asked), ...(depot ? metricsOfDepot(depot) : [])]);
    return ExitCode.success;
  },
};

/** An error of the host is an answer, too: that it did not answer. */
async function lookAtHost(call: CommandCall): Promise<HostView | HostError> {
  const { observeHost } = await import("../../plan/observe.ts");
  try {
    return await withHost(call, (host, options) => observeHost(host, [], options));
  } catch (error) {
    if (error instanceof HostError && !call.io.signal.aborted) return error;
    throw error;
  }
}

async function hand(call: CommandCall, metrics: readonly Metric[]): Promise<void> {
  const { renderMetrics } = await import("../../metrics/mod.ts");
  const output = call.options.text("output");
  if (output === undefined) {
    emit(call, "metrics", { metrics }, () => renderMetrics(metrics));
    return;
  }
  const { writeFileAtomically } = await import("../../builder/write-file.ts");
  await writeFileAtomically(output, Buffer.from(renderMetrics(metrics)));
}
