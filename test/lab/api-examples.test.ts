// The examples of docs/api.md that need a real Xen; all others are run by test/api-examples.test.ts.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { openLab } from "../../src/lab/open-lab.ts";
import { root } from "../read-api.ts";
import { describeOnXen } from "./why-no-xen.ts";

function run(door: string, ...args: readonly string[]): string {
  const program = join(root, `dist/examples/api/${door}.js`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args]);
  assert.equal(status, 0, stderr.toString());
  return stdout.toString();
}

await describeOnXen("4.17", "examples on Xen 4.17", () => {
  test("example of xsplice/lab: a real Xen from inside and from outside", () => {
    const said = run("lab", "4.17");
    assert.match(said, /^Xen 4\.17\.5.*, from a (snapshot|cold-boot)\ndom0 is Linux \(0\)\n/);
    assert.match(said, /\nthe hypervisor begins with [0-9a-f]{8}\n/);
  });

  test("example of xsplice/xen-call: hypercalls through the agent of a lab", () => {
    const said = run("xen-call", "4.17");
    assert.match(said, /^Xen 4\.17\.5\nbuild-id [0-9a-f]{40}\nsysctl interface 0x15\n$/);
  });

  test("examples of xsplice/hosts and xsplice/host: several by their addresses, one only looked at", async () => {
    await using lab = await openLab({ xen: "4.17", name: `example-${process.pid}` });
    const address = `lab:${lab.info.name}`;
    const said = run("hosts", "fix", address, "lab:no-such-lab");
    assert.match(said, new RegExp(`^${address}: Xen 4\\.17\\.5, fix is not loaded$`, "m"));
    assert.match(said, /^lab:no-such-lab: Cannot .*$/m);
    assert.match(run("host", address), /^Cannot change .*: only looking$/m);
  });
});
