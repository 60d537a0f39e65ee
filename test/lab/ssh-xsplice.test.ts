// A host over ssh that has xsplice itself: it is found, and does there what stock tools cannot.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openSshHost } from "../../src/hosts/ssh/open.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { Errno } from "../../src/xen-abi/errno.ts";
import { build, extraVersion } from "./contract-payloads.ts";
import { installXsplice } from "./dom0-xsplice.ts";
import { actOptions, refused } from "./host-under-test.ts";
import { openSshWay } from "./ssh-server.ts";
import { readXenImage } from "./xen-image.ts";

// Node takes seconds to start on the lab's emulated processor, so there are few calls here.
const call = { deadlineMs: 120_000 };

test("openSshHost() uses the xsplice that it finds there", async () => {
  const lab = await openLab({ xen: "4.17", userland: "full" });
  try {
    assert.ok(lab.info.symbols);
    const xen = readXenImage(lab.info.symbols);
    await installXsplice(lab);
    const { command, destination, remove } = await openSshWay(lab);
    await using host = await openSshHost({ command, destination, ...call });
    assert.equal(host.capabilities.timeLimit, true);
    const metadata = ["note=over ssh"];
    const { bytes } = build(extraVersion(xen, ".ssh", { metadata }));
    await host.upload("it's over ssh", bytes, call);
    await refused(host.upload("again", bytes, call), { errno: Errno.EEXIST });
    const applied = await host.act("apply", "it's over ssh", actOptions);
    assert.equal(applied.result, "done");
    assert.deepEqual(applied.status, { kind: "applied" });
    assert.deepEqual(await host.list(call), [
      { name: "it's over ssh", status: { kind: "applied" }, metadata },
    ]);
    const leftovers = await lab.exec(["ls", "/tmp"]);
    assert.equal(leftovers.stdout.toString(), "");
    remove();
  } finally {
    await lab.close();
  }
});
