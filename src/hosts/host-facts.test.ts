import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHostFacts } from "./host-facts.ts";

test("parseHostFacts() prefers `xl info` and falls back to /sys/hypervisor", () => {
  const sysfs = [
    "machine x86_64",
    "boot 6f2c",
    "sysfs version/major 4",
    "sysfs version/minor 17",
    "sysfs version/extra .5",
    "sysfs properties/buildid 01ff",
  ].join("\n");
  const expected = {
    version: { major: 4, minor: 17, extra: ".5" },
    buildId: "01ff",
    compiler: undefined,
    compiledAt: undefined,
    architecture: "x86_64",
    bootId: "6f2c",
  };
  assert.deepEqual(parseHostFacts(sysfs), expected);
  const xl = `${sysfs}\nxl xen_extra              : .7-pre\nxl cc_compiler            : gcc (Debian 12.2.0) 12.2.0`;
  const { version, compiler } = parseHostFacts(xl) ?? {};
  assert.equal(version?.extra, ".7-pre");
  assert.equal(compiler, "gcc (Debian 12.2.0) 12.2.0");
  assert.equal(parseHostFacts("machine x86_64\nboot 6f2c\n"), undefined);
});
