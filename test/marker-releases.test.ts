// The marker against the model: it crashes the host on exactly the releases that the data says, and
// no payload that we make for such a release carries one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHex, toHex } from "../src/bytes/hex.ts";
import { HostError } from "../src/host/errors.ts";
import { ModelHost } from "../src/hosts/model.ts";
import { compileDraft, symbolNamed } from "../src/payload/emit/emit.test.support.ts";
import { type EmittedPayload, emitPayload } from "../src/payload/emit/emit.ts";
import type { EmitInput } from "../src/payload/emit/input.ts";
import { markerFor } from "../src/payload/marker.ts";
import { faultsOnPatchedPayload } from "../src/xen-abi/features.ts";
import { parseRelease } from "../src/xen-abi/release.ts";
import { syntheticModel, XEN_ID } from "../src/xen-model/synthetic.test.support.ts";

const options = { deadlineMs: 5_000, quiesceMs: 30, dependencyCheck: "hypervisor-only" } as const;
const draft = compileDraft({ c: "int f(void) { return 1; } int g(void) { return 2; }" });

function payload(
  oldName: "alpha" | "beta",
  requires: EmitInput["stacking"]["requires"] = [],
): EmittedPayload {
  const newBody = symbolNamed(draft, oldName === "alpha" ? "f" : "g");
  return emitPayload({
    architecture: "x86_64",
    payloadVersion: 2,
    guards: [],
    hooks: [],
    metadata: [],
    objects: [{ source: "f.c", draft }],
    replacements: [{ oldName, oldSizeBytes: 64, newBody }],
    stacking: { mode: "independent", guard: "none", marker: "carried", requires },
    depends: parseHex(XEN_ID),
    xenDepends: parseHex(XEN_ID),
    funcsAccess: "writable",
  });
}

const unsafe = ["4.16.4", "4.16.7", "4.17.1", "4.17.2", "4.17.3", "4.18.0"];
const safe = ["4.14.0", "4.14.6", "4.15.5", "4.16.3", "4.17.0", "4.17.4", "4.18.1", "4.19.0"];

for (const release of [...unsafe, ...safe, "4.20.4", "4.21.0", "4.22.0"]) {
  const isUnsafe = unsafe.includes(release);
  test(`a marker ${isUnsafe ? "crashes" : "works on"} Xen ${release}, as the data says`, async () => {
    const parsed = parseRelease(release);
    assert.equal(faultsOnPatchedPayload(parsed, "x86_64"), isUnsafe);
    if (isUnsafe) assert.equal(markerFor(parsed, "x86_64"), "none");
    const host = new ModelHost(syntheticModel(release));
    const base = payload("alpha");
    await host.upload("base", base.bytes);
    if (isUnsafe) {
      await assert.rejects(host.act("apply", "base", options), (error) => {
        return error instanceof HostError && error.report.code === "host/crashed";
      });
      return;
    }
    assert.ok(base.marker);
    const requires = [{ buildId: toHex(base.buildId), marker: base.marker }];
    await host.upload("top", payload("beta", requires).bytes);
    await assert.rejects(host.act("apply", "top", options), /applied" is not what/);
    await host.act("apply", "base", options);
    await host.act("apply", "top", options);
  });
}
