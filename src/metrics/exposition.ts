// Prometheus' text format, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/
// All our metrics are gauges: each command reads the host anew, nothing is counted up.

import type { Metric, Sample } from "./metric.ts";

/** Metrics without a sample are left out. */
export function renderMetrics(metrics: readonly Metric[]): string {
  return metrics
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, samples }) => {
      const head = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} gauge\n`;
      return head + samples.map((sample) => renderSample(name, sample)).join("");
    })
    .join("");
}

function renderSample(name: string, { labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  const set = pairs.length > 0 ? `{${pairs.join(",")}}` : "";
  return `${name}${set} ${value}\n`;
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

/** Names of payloads come from whoever uploaded them: what is no text in UTF-8 becomes U+FFFD. */
function escapeLabel(text: string): string {
  const known = Buffer.from(text, "utf8").toString("utf8");
  return escapeHelp(known).replaceAll('"', '\\"');
}
