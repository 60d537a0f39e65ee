// What a host runs, as numbers that Prometheus collects: facts in, metrics and their text out.

export { type DepotFacts, metricsOfDepot } from "./depot-metrics.ts";
export { renderMetrics } from "./exposition.ts";
export { metricsOfHost, metricsOfSilence } from "./host-metrics.ts";
export type { Metric } from "./metric.ts";
