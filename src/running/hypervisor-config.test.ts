import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { compareWithHypervisor, refuseOtherConfig } from "./hypervisor-config.ts";
import type { XenSymbol, XenSyms } from "./xen-syms.ts";

const text =
  "CONFIG_HVM=y\nCONFIG_LIVEPATCH=y\n# CONFIG_XSM is not set\nCONFIG_GCC_VERSION=120200\n";

/** Only what is asked for a configuration. */
function xenWith(packed: Uint8Array): XenSyms {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(packed.length);
  const symbol = (name: string, address: bigint): [string, XenSymbol] => [
    name,
    { name, bareName: name, address, sizeBytes: 4, kind: "other", isInit: false },
  ];
  return {
    source: "xen-syms",
    architecture: "x86_64",
    buildId: new Uint8Array(20),
    release: undefined,
    byName: new Map([symbol("xen_config_data", 16n), symbol("xen_config_data_size", 8n)]),
    locals: new Map(),
    functions: [],
    ambiguous: new Set(),
    bytesAt: (address, length) => (address === 8n ? size : packed.subarray(0, length)),
  };
}

const xen = xenWith(gzipSync(text));

test("compareWithHypervisor() says nothing of a hypervisor that carries no configuration", () => {
  assert.equal(compareWithHypervisor(xen, "", []).length, 2);
  assert.deepEqual(compareWithHypervisor(xenWith(Buffer.from("not packed")), "", []), []);
  assert.deepEqual(compareWithHypervisor({ ...xen, byName: new Map() }, "", []), []);
});

test("compareWithHypervisor() compares what was built with, not what was given, and no compilers", () => {
  assert.deepEqual(compareWithHypervisor(xen, text.replace("120200", "130000"), []), []);
  const given = text.replace("CONFIG_HVM=y", "# CONFIG_HVM is not set");
  const difference = { name: "CONFIG_HVM", given: "n", used: "y" };
  assert.deepEqual(compareWithHypervisor(xen, given, []), [difference]);
  assert.deepEqual(compareWithHypervisor(xen, given, [difference]), []);
  const made = { name: "CONFIG_XSM", given: "n", used: "y" };
  assert.deepEqual(compareWithHypervisor(xen, text, [made]), [
    { name: "CONFIG_XSM", given: "y", used: "n" },
  ]);
});

test("refuseOtherConfig() names settings, and counts those beyond a few", () => {
  assert.deepEqual(refuseOtherConfig([], { config: "a.config", xen }), []);
  const many = Array.from({ length: 10 }, (_, index) => {
    return { name: `CONFIG_${index}`, given: "y", used: "n" };
  });
  const [refusal] = refuseOtherConfig(many, { config: "a.config", xen });
  assert.equal(refusal?.rule, "configuration");
  assert.equal(refusal?.what, 'configuration "a.config"');
  assert.equal(refusal?.reasons[0], "CONFIG_0 is y here, n in the hypervisor");
  assert.equal(refusal?.reasons.at(-1), "and 2 more");
});
