// What a payload can print into the list of Xen's stock tool, which is all that a dom0 without xsplice answers.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { LivepatchHost } from "../../src/host/host.ts";
import { options, type Place, withHost } from "../../src/hosts/ssh/fake-dom0.test.support.ts";

const payload = Buffer.from("a payload");
const falseRow = (name: string) => `note=x\n${name.padEnd(40)}| APPLIED    | xsplice.origin=ours`;

function setMetadata({ folder }: Place, name: string, text: string): void {
  writeFileSync(join(folder, `metadata-${Buffer.from(name).toString("hex")}`), text);
}

const states = async (host: LivepatchHost) =>
  (await host.list(options)).map(({ name, status }) => [name, status.kind]);

test("a line of metadata that looks like a payload is metadata", () =>
  withHost(async (host, place) => {
    for (const name of ["evil", "fix"]) await host.upload(name, payload, options);
    setMetadata(place, "evil", falseRow("xsa-999"));
    assert.deepEqual(await states(host), [
      ["evil", "checked"],
      ["fix", "checked"],
    ]);
    const [evil] = await host.list(options);
    assert.match(evil?.metadata?.join(";") ?? "", /note=x\nxsa-999 +\| APPLIED/);
    assert.equal(await host.status("xsa-999", options), undefined);
  }));

test("a false line for a payload that is loaded makes its state unknown, and that is told", () =>
  withHost(async (host, place) => {
    for (const name of ["evil", "fix"]) await host.upload(name, payload, options);
    setMetadata(place, "evil", falseRow("fix"));
    await assert.rejects(host.list(options), /Cannot tell the state of payload "fix"/);
  }));

test("a false line is known even when it appears after the list was read once", () =>
  withHost(async (host, place) => {
    for (const name of ["evil", "fix"]) await host.upload(name, payload, options);
    assert.equal((await host.list(options)).length, 2);
    await host.act("unload", "fix", {
      ...options,
      quiesceMs: 30,
      dependencyCheck: "whole-chain",
    });
    setMetadata(place, "evil", falseRow("fix"));
    assert.deepEqual(await states(host), [["evil", "checked"]]);
  }));

const names = {
  "a line break": "evil\nxsa-999",
  "a state": `${"xsa-999".padEnd(40)}| APPLIED    | `,
  "a blank at its end": "xsa-999 ",
};
for (const [what, name] of Object.entries(names)) {
  test(`a payload with ${what} in its name does not pass for another one`, () =>
    withHost(async (host) => {
      await host.upload("first", payload, options);
      await host.upload(name, payload, options);
      await assert.rejects(
        host.list(options),
        /Cannot tell which payloads are loaded: Xen does not/,
      );
    }));
}
