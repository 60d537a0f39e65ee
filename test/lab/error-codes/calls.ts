// Livepatch hypercalls that Xen refuses and that the client never sends, each for one reason, as data: ABI
// reference §6. Not a test.

import type { ErrnoName } from "../../../src/xen-abi/errno.ts";
import {
  actionLayout,
  LivepatchOp,
  listLayouts,
  livepatchLayout,
  uploadLayout,
} from "../../../src/xen-abi/sysctl.ts";
import type { ArenaBuilder } from "../../../src/xen-call/arena.ts";
import { livepatchOp } from "../../../src/xen-call/livepatch-calls.ts";
import type { SysctlInterface } from "../../../src/xen-call/sysctl-interface.ts";

interface RefusedCall {
  readonly what: string;
  readonly errno: ErrnoName;
  readonly arena: (dialect: SysctlInterface) => ArenaBuilder;
}

const LIST_MAX = 1024;
/** In the half of the address space that belongs to the hypervisor. */
const XEN_ADDRESS = 0xffff_82d0_4020_0000n;

export const refusedCalls: readonly RefusedCall[] = [
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
