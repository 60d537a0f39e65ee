// What scanners are told, judged by the published schemas and, for CSAF, by a public validator.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
// @ts-expect-error: it has no types.
import * as mandatory from "@secvisogram/csaf-validator-lib/mandatoryTests.js";
// @ts-expect-error: it has no types.
import * as optional from "@secvisogram/csaf-validator-lib/optionalTests.js";
// @ts-expect-error: it has no types.
import * as schemas from "@secvisogram/csaf-validator-lib/schemaTests.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
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

test("vex makes an OpenVEX document that is valid by the published schema", async () => {
  const document: OpenVex = JSON.parse((await own.run(...vex)).stdout);
  const ajv = new Ajv2020({ allErrors: true, strict: false });
  formats.default(ajv);
  ajv.addFormat("iri", /^[a-z][a-z0-9+.-]*:\S+$/i);
  // As openvex/spec has it; it is no output of the compiler.
  const schema = new URL("../../../test/depot/openvex-0.2.0.schema.json", import.meta.url);
  const judge = ajv.compile(JSON.parse(readFileSync(fileURLToPath(schema), "utf8")));
  assert.ok(judge(document), JSON.stringify(judge.errors));
  // The schema is no yes-sayer: each statement has to have a status that it knows.
  const [first, ...others] = document.statements;
  assert.ok(!judge({ ...document, statements: [{ ...first, status: "closed" }, ...others] }));
});

interface OpenVex {
  readonly statements: readonly object[];
}

test("vex makes a CSAF document that a public validator finds nothing wrong with", async () => {
  const document = JSON.parse((await own.run(...vex, "--format", "csaf")).stdout);
  assert.deepEqual(await troublesOf({ ...schemas, ...mandatory }, document), []);
  const advice = await troublesOf(optional, document);
  // Scores are for who knows the vulnerability; where the document will lie is not known here.
  assert.deepEqual(
    advice.filter((words) => !/score|canonical|self/i.test(words)),
    [],
  );
  document.vulnerabilities[0].product_status = { known_not_affected: ["NOBODY"] };
  assert.match((await troublesOf(mandatory, document)).join(), /mandatoryTest_6_1_1:/);
});

async function troublesOf(tests: object, document: object): Promise<readonly string[]> {
  const all = Object.entries(tests as Record<string, Judge>);
  const results = await Promise.all(
    all.map(async ([name, judge]) => ({ name, ...(await judge(structuredClone(document))) })),
  );
  return results.flatMap(({ name, isValid, errors = [], warnings = [] }) =>
    [
      ...(isValid === false && errors.length === 0 ? [{ message: "invalid" }] : errors),
      ...warnings,
    ].map(({ message }) => `${name}: ${message}`),
  );
}

/** A test of the validator, which has no types of its own. */
type Judge = (document: object) => Promise<Verdict> | Verdict;

interface Verdict {
  readonly isValid?: boolean;
  readonly errors?: readonly { readonly message: string }[];
  readonly warnings?: readonly { readonly message: string }[];
}

test("vex refuses what is no package URL", async () => {
  const run = await own.try(["vex", "--product", "xen", "--json"]);
  assert.equal(errorOf(run).code, "usage/bad-value");
  assert.equal(run.exitCode, 64);
});
