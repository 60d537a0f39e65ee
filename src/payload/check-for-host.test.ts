import assert from "node:assert/strict";
import { test } from "node:test";
import { checkPayloadForHost, findUnfitness, type HostFacts } from "./check-for-host.ts";
import { parsePayload } from "./parse.ts";
import { BASE_ID, stockPayload, stockPayloadWith, XEN_ID } from "./stock.test.support.ts";

const payload = parsePayload(stockPayload(), "fix.livepatch");

const host: HostFacts = {
  name: "fix",
  info: {
    version: { major: 4, minor: 17, extra: ".5" },
    buildId: XEN_ID,
    architecture: "x86_64",
  },
  loaded: [{ name: "other", metadata: ["author=you"] }],
};

function withInfo(info: Partial<HostFacts["info"]>): HostFacts {
  return { ...host, info: { ...host.info, ...info } };
}

function codes(facts: HostFacts, of = payload): string[] {
  return findUnfitness(of, facts).map(({ report }) => report.code);
}

test("checkPayloadForHost() lets a payload pass that was made for the host", () => {
  checkPayloadForHost(payload, host);
  // What cannot be told is no reason to refuse.
  checkPayloadForHost(payload, withInfo({ buildId: undefined, architecture: undefined }));
  checkPayloadForHost(payload, withInfo({ version: { major: 5, minor: 1, extra: "-rc1" } }));
});

test("checkPayloadForHost() shows both build-ids when the payload is for another hypervisor", () => {
  assert.throws(() => checkPayloadForHost(payload, withInfo({ buildId: BASE_ID })), {
    message:
      'Cannot load "fix.livepatch": it was built for another hypervisor\n' +
      "  where:    fix.livepatch\n" +
      `  expected: ${BASE_ID}, the build-id of the host's hypervisor\n` +
      `            ${XEN_ID} is in the payload\n` +
      "  remedy:   build it again with the xen-syms file of the hypervisor that runs",
  });
});

test("findUnfitness() names another architecture and another version of the function table", () => {
  assert.deepEqual(codes(withInfo({ architecture: "aarch64" })), ["payload/machine"]);
  const old = withInfo({ version: { major: 4, minor: 13, extra: ".5" } });
  const [finding] = findUnfitness(payload, old);
  assert.match(finding?.report.problem ?? "", /it has version 2 of the function table$/);
  assert.match(finding?.report.remedy ?? "", /version 2 is for 4\.14 to 4\.22$/);
});

test("findUnfitness() keeps a read-only table away from releases that would crash on it", () => {
  const on = (extra: string) => codes(withInfo({ version: { major: 4, minor: 17, extra } }));
  assert.deepEqual(on(".2"), ["payload/trap"]);
  assert.deepEqual(on(".5"), []);
  assert.deepEqual(on("-unstable"), []);
  // From between two releases: like either of them.
  assert.deepEqual(on(".3-pre"), ["payload/trap"]);
  assert.deepEqual(on(".4-pre"), []);
});

test("findUnfitness() sees a name that is taken and a payload that is loaded already", () => {
  const marked = [`build-id=${payload.buildId}`];
  const twin = { name: "twin", metadata: marked };
  assert.deepEqual(codes({ ...host, name: "other" }), ["payload/already-loaded"]);
  assert.deepEqual(codes({ ...host, loaded: [twin] }), ["payload/already-loaded"]);
  assert.deepEqual(codes({ ...host, loaded: [twin], name: "twin" }), ["payload/already-loaded"]);
  assert.deepEqual(codes({ ...host, loaded: [{ name: "x", metadata: undefined }] }), []);
});

test("findUnfitness() asks nothing of the hypervisor's build-id in version 1", () => {
  const functions = [{ name: "f", oldSize: 12, by: { nopBytes: 5 } }] as const;
  const change = { version: 1, functions, hooks: {}, xenBuildId: undefined } as const;
  const old = parsePayload(stockPayloadWith(change), "old.livepatch");
  const facts = withInfo({ version: { major: 4, minor: 13, extra: ".1" }, buildId: BASE_ID });
  assert.deepEqual(codes(facts, old), []);
});
