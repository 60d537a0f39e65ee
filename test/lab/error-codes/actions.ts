// Actions that Xen refuses, each for one reason, as data: ABI reference §4. Not a test.

import type { LivepatchHost } from "../../../src/host/host.ts";
import type { ErrnoName } from "../../../src/xen-abi/errno.ts";
import type { XenClient } from "../../../src/xen-call/client.ts";
import { build, extraVersion, withData, withVeto } from "../contract-payloads.ts";
import { actOptions, call } from "../host-under-test.ts";
import type { XenImage } from "../xen-image.ts";

export interface Place {
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

export const refusedActions: readonly RefusedAction[] = [
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
