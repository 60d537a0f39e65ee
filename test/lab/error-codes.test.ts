// Every error number that the ABI reference names and that can be reached from a dom0, on real
// hypervisors. Not reachable here: ENOMEM, EPERM (from dom0), ENOSYS (live patching is built in),
// ENOBUFS (Xen 4.21 and later), ENOSPC and ERANGE of alternatives, EBUSY of a vm_event wait queue.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import type { LivepatchHost } from "../../src/host/host.ts";
import { labHost } from "../../src/hosts/lab.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { Errno, type ErrnoName, nameOfErrno } from "../../src/xen-abi/errno.ts";
import {
  actionLayout,
  HYPERVISOR_SYSCTL,
  LivepatchOp,
  listLayouts,
  livepatchLayout,
  uploadLayout,
} from "../../src/xen-abi/sysctl.ts";
import type { ArenaBuilder } from "../../src/xen-call/arena.ts";
import { XenClient } from "../../src/xen-call/client.ts";
import { livepatchOp } from "../../src/xen-call/livepatch-calls.ts";
import { ProxyTransport } from "../../src/xen-call/proxy.ts";
import type { SysctlInterface } from "../../src/xen-call/sysctl-interface.ts";
import { build, extraVersion, withData, withVeto } from "./contract-payloads.ts";
import { refusedUploads } from "./error-code-uploads.ts";
import { actOptions, clearHost, refused } from "./host-under-test.ts";
import { describeOnXen } from "./why-no-xen.ts";
import { readXenImage, type XenImage } from "./xen-image.ts";

const call = { deadlineMs: 60_000 };

interface Place {
  readonly release: string;
  readonly host: LivepatchHost;
  readonly client: XenClient;
  readonly xen: XenImage;
}

interface RefusedAction {
  readonly what: string;
  readonly errno: ErrnoName | number;
  readonly says: RegExp;
  readonly act: (place: Place) => Promise<unknown>;
}

const refusedActions: readonly RefusedAction[] = [
  {
    what: "apply of what depends on another payload",
    errno: "EINVAL",
    says: /depends on/,
    act: async ({ host, xen }) => {
      const { bytes } = build(extraVersion(xen, ".x", { depends: "34".repeat(20) }));
      await host.upload("a", bytes, call);
      return host.act("apply", "a", actOptions);
    },
  },
  {
    what: "apply where other code is expected",
    errno: "EINVAL",
    says: /is not what the payload expects/,
    act: ({ host, xen }) => uploadAndApply(host, extraVersion(xen, ".x", { expectation: "00" })),
  },
  {
    what: "apply of an expectation longer than the function",
    errno: "ERANGE",
    says: /longer than the function|not what the payload expects/,
    act: ({ host, xen }) => {
      const { size, bytes } = xen.functionNamed("xen_extra_version");
      const hex = Buffer.from(bytes)
        .toString("hex")
        .padEnd((size + 1) * 2, "0");
      return uploadAndApply(host, extraVersion(xen, ".x", { expectation: hex }));
    },
  },
  {
    what: "apply with a hook that refuses by a number of its own",
    errno: 84,
    says: /pre-apply hook refused with -84/,
    act: ({ host, xen }) =>
      uploadAndApply(host, withVeto(extraVersion(xen, ".x"), "test_veto", -84)),
  },
  {
    what: "a second apply of what has writable data",
    errno: "EINVAL",
    says: /only once/,
    act: async ({ host, xen }) => {
      await uploadAndApply(host, withData(extraVersion(xen, ".x"), "test_writable"));
      await host.act("revert", "a", actOptions);
      return host.act("apply", "a", actOptions);
    },
  },
  {
    what: "replace by what has a hook that can refuse",
    errno: "EOPNOTSUPP",
    says: /pre- or post-hooks/,
    act: async ({ host, xen }) => {
      const { bytes } = build(withVeto(extraVersion(xen, ".x"), "test_veto", 0));
      await host.upload("a", bytes, call);
      return host.act("replace", "a", actOptions);
    },
  },
  {
    what: "replace by what depends on another payload",
    errno: "EINVAL",
    says: /another hypervisor build, or on another payload/,
    act: async ({ host, xen }) => {
      const { bytes } = build(extraVersion(xen, ".x", { depends: "34".repeat(20) }));
      await host.upload("a", bytes, call);
      return host.act("replace", "a", actOptions);
    },
  },
  {
    what: "revert of what is not on top",
    errno: "EBUSY",
    says: /"b" was applied after it/,
    act: async ({ host, xen }) => {
      const lower = await uploadAndApply(host, extraVersion(xen, ".low"));
      const upper = extraVersion(xen, ".up", { depends: lower });
      await uploadAndApply(host, upper, "b");
      return host.act("revert", "a", actOptions);
    },
  },
  {
    what: "unload of what is applied, without the look that the host takes first",
    errno: "EINVAL",
    says: /EINVAL/,
    act: async ({ host, client, xen }) => {
      await uploadAndApply(host, extraVersion(xen, ".x"));
      const request = { timeoutNs: 0, dependencyCheck: "whole-chain" } as const;
      return client.action("unload", "a", request);
    },
  },
  ...(["apply", "revert", "replace", "unload"] as const).map(
    (action): RefusedAction => ({
      what: `${action} of a payload that is not loaded`,
      errno: "ENOENT",
      says: /no payload of this name is loaded/,
      act: ({ host }) => host.act(action, "nobody", actOptions),
    }),
  ),
];

interface RefusedCall {
  readonly what: string;
  readonly errno: ErrnoName;
  readonly arena: (dialect: SysctlInterface) => ArenaBuilder;
}

const LIST_MAX = 1024;
/** In the half of the address space that belongs to the hypervisor. */
const XEN_ADDRESS = 0xffff_82d0_4020_0000n;

/** What the client never sends (ABI §6). */
const refusedCalls: readonly RefusedCall[] = [
  {
    what: "another version of the interface",
    errno: "EACCES",
    arena: (dialect) => livepatchOp({ ...dialect, version: dialect.version + 1 }, LivepatchOp.LIST),
  },
  {
    what: "an operation that does not exist",
    errno: "EOPNOTSUPP",
    arena: (dialect) => livepatchOp(dialect, 9),
  },
  {
    what: "a list of more than 1024",
    errno: "E2BIG",
    arena: (dialect) =>
      livepatchOp(dialect, LivepatchOp.LIST).u32(listLayouts.B.count, LIST_MAX + 1),
  },
  {
    what: "a name of no bytes",
    errno: "EINVAL",
    arena: (dialect) => livepatchOp(dialect, LivepatchOp.GET),
  },
  {
    what: "a name without its end",
    errno: "EINVAL",
    arena: (dialect) => named(livepatchOp(dialect, LivepatchOp.GET), Buffer.from("abc")),
  },
  {
    what: "a payload where the caller has no memory",
    errno: "EFAULT",
    arena: (dialect) =>
      named(livepatchOp(dialect, LivepatchOp.UPLOAD), Buffer.from("abc\0"))
        .u64(uploadLayout.size, 4096n)
        .u64(uploadLayout.payload, XEN_ADDRESS),
  },
  {
    what: "an action that does not exist, on nobody",
    errno: "ENOENT",
    arena: (dialect) =>
      named(livepatchOp(dialect, LivepatchOp.ACTION), Buffer.from("nobody\0")).u32(
        actionLayout.cmd,
        9,
      ),
  },
  {
    what: "something in the padding of an action",
    errno: "EINVAL",
    arena: (dialect) =>
      named(livepatchOp(dialect, LivepatchOp.ACTION), Buffer.from("nobody\0")).u32(
        actionLayout.pad,
        1,
      ),
  },
];

function named(arena: ArenaBuilder, name: Uint8Array): ArenaBuilder {
  return arena.u16(livepatchLayout.nameSize, name.length).input(livepatchLayout.nameHandle, name);
}

async function uploadAndApply(
  host: LivepatchHost,
  recipe: Parameters<typeof build>[0],
  name = "a",
): Promise<string> {
  const { bytes, buildId } = build(recipe);
  await host.upload(name, bytes, call);
  await host.act("apply", name, actOptions);
  return buildId;
}

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
