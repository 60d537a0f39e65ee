// Hypercalls by privcmd and koffi, made by a Node that runs in the lab's own dom0.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Lab } from "../../src/lab/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { DOM0_DIST, installXsplice } from "./dom0-xsplice.ts";

describe("openPrivcmd() in a dom0", () => {
  let lab: Lab;

  before(async () => {
    lab = await openLab({ xen: "4.17", userland: "full" });
    await installXsplice(lab);
  });
  after(() => lab?.close());

  /** What `body` returns, run in dom0 with a `client` at hand. */
  async function inDom0(body: string): Promise<unknown> {
    const program = `
      import { openPrivcmd, XenClient } from "${DOM0_DIST}/src/xen-call/mod.js";
      const run = async (client) => { ${body} };
      const client = new XenClient(await openPrivcmd());
      console.log(JSON.stringify(await run(client)));`;
    const argv = ["node", "--input-type=module", "--eval", program];
    const { stdout, stderr, exitCode } = await lab.agent.exec(argv);
    assert.equal(exitCode, 0, `${stderr}`);
    return JSON.parse(`${stdout}`);
  }

  test("openPrivcmd() reaches the hypervisor, with buffers that Xen can fill", async () => {
    const facts = await inDom0(`
      const { text } = await client.readConsole();
      return [await client.version(), await client.buildId(), await client.list(), text.slice(0, 12)]
    `);
    const [version, buildId, list, console] = facts as unknown[];
    assert.deepEqual([version, list], [{ major: 4, minor: 17 }, []]);
    assert.match(String(buildId), /^[0-9a-f]{40}$/);
    assert.match(String(console), /^\(XEN\)|Xen/);
  });

  test("openPrivcmd() leaves the event loop alone during big uploads", async () => {
    const result = await inDom0(`
      let turns = 0;
      let busy = true;
      const turn = () => { turns++; if (busy) setImmediate(turn); };
      turn();
      const refusals = [];
      // Were it not for another thread, only promises would come to run between two uploads.
      for (let upload = 0; upload < 10; upload++) {
        await client.upload("big", new Uint8Array(2 ** 21)).catch(({ errno }) => refusals.push(errno));
      }
      busy = false;
      return { refusals, turned: turns >= 10 };
    `);
    assert.deepEqual(result, { refusals: Array(10).fill(22), turned: true });
  });
});
