// What scanners are told. The documents that these tests make were judged by the published schemas and a public
// validator; see docs/guides/keeping-hosts-patched.md.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DepotUnderTest, errorOf } from "./depot-under-test.ts";

const own = new DepotUnderTest();
const product = "pkg:deb/debian/xen@4.17.5";
const vex = ["vex", "--product", product];

before(async () => {
  await own.begin();
  const first = own.make("first", { functions: ["alpha"] });
  await own.add(first, "stable", "--fix", "XSA-1 CVE-2026-0001 CVE-2026-0002 alpha");
  await own.publish();
  await own.trust();
  await own.run("update");
  const free = own.make("free", { mode: "independent", functions: ["delta"] });
  await own.add(free, "stable", "--fix", "XSA-2");
  const reboot = ["--needs-reboot", "XSA-3 CVE-2026-0003", "--reason", "changes init code"];
  await own.run(
    "depot",
    "add",
    own.depot,
    "--channel",
    "stable",
    "--to-base",
    "Small Xen",
    ...reboot,
  );
  await own.publish();
});
after(() => own.remove());

test("vex says as OpenVEX what is closed by a live patch, what is open, and what to do", async () => {
  const document = JSON.parse((await own.run(...vex)).stdout);
  assert.equal(document["@context"], "https://openvex.dev/ns/v0.2.0");
  assert.match(
    document["@id"],
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  const said = document.statements.map(
    ({ vulnerability, status }: { vulnerability: { name: string }; status: string }) => [
      vulnerability.name,
      status,
    ],
  );
  assert.deepEqual(said, [
    ["CVE-2026-0001", "not_affected"],
    ["CVE-2026-0002", "not_affected"],
    ["XSA-2", "affected"],
    ["CVE-2026-0003", "affected"],
  ]);
  const [first, , missing, reboot] = document.statements;
  assert.equal(first.justification, "vulnerable_code_not_in_execute_path");
  assert.deepEqual(first.vulnerability.aliases, ["XSA-1"]);
  assert.equal(first.products[0]["@id"], product);
  assert.match(missing.action_statement, /apply the live patch free: xsplice update/);
  assert.match(reboot.action_statement, /cannot be live patched: changes init code/);
});

test("vex says the same as CSAF 2.0 with the profile VEX", async () => {
  const document = JSON.parse((await own.run(...vex, "--format", "csaf")).stdout);
  assert.equal(document.document.category, "csaf_vex");
  const [first, , missing] = document.vulnerabilities;
  assert.equal(first.cve, "CVE-2026-0001");
  assert.deepEqual(first.product_status, { known_not_affected: ["XEN"] });
  assert.equal(first.flags[0].label, "vulnerable_code_not_in_execute_path");
  assert.equal(missing.cve, undefined);
  assert.equal(missing.ids[0].text, "XSA-2");
  assert.equal(missing.remediations[0].category, "vendor_fix");
});

test("vex refuses what is no package URL", async () => {
  const run = await own.try(["vex", "--product", "xen", "--json"]);
  assert.equal(errorOf(run).code, "usage/bad-value");
  assert.equal(run.exitCode, 64);
});
