import assert from "node:assert/strict";
import { test } from "node:test";
import { BuildError } from "../../build-outcome/build-error.ts";
import { requireXenConfig } from "./require-config.ts";

const x86 = { variables: ["XEN_TARGET_ARCH=x86_64"] };
const arm = { variables: ["XEN_TARGET_ARCH=arm64"] };
const livepatch = "CONFIG_LIVEPATCH=y\n";

function refusal(text: string, tools = x86): string {
  try {
    requireXenConfig({ name: "xen.config", text }, tools);
  } catch (error) {
    assert.ok(error instanceof BuildError);
    return error.report.problem;
  }
  return "taken";
}

test("requireXenConfig() takes what fits, also where it does not name its architecture", () => {
  assert.equal(refusal(livepatch), "taken");
  assert.equal(refusal(`${livepatch}CONFIG_X86_64=y\n`), "taken");
  assert.equal(refusal(`${livepatch}CONFIG_ARM_64=y\n`, arm), "taken");
});

test("requireXenConfig() says what is wrong with the others", () => {
  assert.match(refusal("no settings"), /it sets nothing/);
  assert.match(refusal("CONFIG_X86_64=y\n"), /no CONFIG_LIVEPATCH=y/);
  assert.match(refusal(`${livepatch}CONFIG_ARM_64=y\n`), /it is for arm64.*hypervisor.*x86_64/);
  assert.match(refusal(`${livepatch}CONFIG_X86_64=y\n`, arm), /it is for x86_64.*arm64/);
});
