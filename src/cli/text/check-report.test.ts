import assert from "node:assert/strict";
import { test } from "node:test";
import { renderCheck } from "./check-report.ts";

test("renderCheck() tells what no rule looked at", () => {
  const hypervisor = { source: "xen-syms", release: "4.19.2", architecture: "aarch64" };
  const unchecked = ["registers across calls are not followed"];
  const report = { outcome: "clean", hypervisor, payloads: [], allowed: [], unchecked } as const;
  assert.match(
    renderCheck(report),
    /\n\nunchecked: registers across calls are not followed\n\nClean/,
  );
});
