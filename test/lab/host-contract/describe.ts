// What every kind of host promises, on a real hypervisor. Effects are seen twice: in the extra
// version that the hypervisor gives, and in the bytes of its code, read from outside.

import { after, afterEach, before, test } from "node:test";
import { clearHost, type HostUnderTest } from "../host-under-test.ts";
import { describeOnXen } from "../why-no-xen.ts";
import { describeActions } from "./actions.ts";
import { describeQueries } from "./queries.ts";
import { describeReasons } from "./reasons.ts";
import { describeStacks } from "./stacks.ts";
import type { Suite } from "./suite.ts";
import { describeUploads } from "./uploads.ts";

/**
 * Opens once, runs the suite, closes. `xen` is the release that it takes; when that cannot be had any
 * more, the tests are skipped and tell why.
 */
export async function describeLivepatchHost(
  label: string,
  xen: string,
  open: () => Promise<HostUnderTest>,
): Promise<void> {
  await describeOnXen(xen, label, () => {
    let under: HostUnderTest;
    before(async () => {
      under = await open();
    });
    after(async () => {
      await under?.close();
    });
    afterEach(async () => clearHost(under.host));
    const suite: Suite = (name, body) => void test(name, () => body(under));
    describeQueries(suite);
    describeActions(suite);
    describeStacks(suite);
    describeUploads(suite);
    describeReasons(suite);
  });
}
