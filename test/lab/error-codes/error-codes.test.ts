// Every error number that the ABI reference names and that can be reached from a dom0, on real
// hypervisors. Not reachable here: ENOMEM, EPERM (from dom0), ENOSYS (live patching is built in),
// ENOBUFS (Xen 4.21 and later), ENOSPC and ERANGE of alternatives, EBUSY of a vm_event wait queue.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { labHost } from "../../../src/hosts/lab.ts";
import type { Lab } from "../../../src/lab/lab.ts";
import { openLab } from "../../../src/lab/open-lab.ts";
import { Errno, nameOfErrno } from "../../../src/xen-abi/errno.ts";
import { HYPERVISOR_SYSCTL } from "../../../src/xen-abi/sysctl.ts";
import { XenClient } from "../../../src/xen-call/client.ts";
import { ProxyTransport } from "../../../src/xen-call/proxy.ts";
import { call, clearHost, refused } from "../host-under-test.ts";
import { describeOnXen } from "../why-no-xen.ts";
import { readXenImage } from "../xen-image.ts";
import { type Place, refusedActions } from "./actions.ts";
import { refusedCalls } from "./calls.ts";
import { refusedUploads } from "./uploads.ts";

for (const release of ["4.14", "4.17", "4.20"]) {
  await describeOnXen(release, `error numbers of Xen ${release}`, () => {
    let lab: Lab;
    let place: Place;
    before(async () => {
      lab = await openLab({ xen: release });
      assert.ok(lab.info.symbols);
      const client = new XenClient(new ProxyTransport(lab.agent));
      place = {
        release,
        client,
        host: await labHost(lab),
        xen: readXenImage(lab.info.symbols),
      };
    });
    after(async () => {
      await lab?.close();
    });
    afterEach(async () => clearHost(place.host));

    for (const { what, bytes, errno, says } of refusedUploads) {
      test(`upload() of ${what} is refused`, async () => {
        const { host, xen } = place;
        const name = typeof errno === "string" ? errno : (errno[release] ?? errno.else);
        const error = await refused(host.upload("a", bytes(xen), call), {});
        assert.equal(nameOfErrno(error.errno ?? 0), nameOfErrno(Errno[name]), error.message);
        assert.match(error.report.problem, says);
        assert.deepEqual(await host.list(call), []);
      });
    }

    for (const { what, errno, says, act } of refusedActions) {
      test(`act() refuses ${what}`, async () => {
        const error = await refused(act(place), {});
        const number = typeof errno === "number" ? errno : Errno[errno];
        assert.equal(nameOfErrno(error.errno ?? 0), nameOfErrno(number), error.message);
        assert.match(error.report.problem, says);
      });
    }

    for (const { what, errno, arena } of refusedCalls) {
      test(`a livepatch hypercall with ${what} is refused`, async () => {
        const dialect = await place.client.dialect();
        const transport = new ProxyTransport(lab.agent);
        const request = arena(dialect).build(HYPERVISOR_SYSCTL, [{ arenaOffset: 0 }]);
        const { result } = await transport.hypercall(request);
        assert.equal(nameOfErrno(-result), nameOfErrno(Errno[errno]));
      });
    }
  });
}
