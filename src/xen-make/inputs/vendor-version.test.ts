import assert from "node:assert/strict";
import { test } from "node:test";
import type { MakeTools } from "../tools.ts";
import { withVendorVersion } from "./vendor-version.ts";

const tools: MakeTools = {
  environment: {},
  variables: ["XEN_TARGET_ARCH=x86_64"],
  compilerVersion: "gcc 12",
  compiler: "gcc",
  sandbox: { kind: "none", because: "a test", isWanted: true },
};

function variableFor(own: string | undefined, told: string | undefined): string | undefined {
  return withVendorVersion(tools, { extra: own }, told).variables[1];
}

test("withVendorVersion() gives make what a vendor has added to the release", () => {
  assert.equal(variableFor(".6", ".6-2"), "XEN_VENDORVERSION=-2");
  assert.equal(variableFor("-unstable", "-unstable+mine"), "XEN_VENDORVERSION=+mine");
});

test("withVendorVersion() leaves the tools alone where there is no vendor, or another release", () => {
  for (const [own, told] of [
    [".6", ".6"],
    [".6", ".5-2"],
    [".6", ".61"],
    [undefined, ".6-2"],
    [".6", undefined],
  ] as const) {
    assert.equal(variableFor(own, told), undefined, `${own} and ${told}`);
  }
});

test("withVendorVersion() passes nothing on that make would run", () => {
  assert.equal(variableFor(".6", ".6-$(shell id)"), undefined);
  assert.equal(variableFor(".6", ".6 CC=evil"), undefined);
});
