// Encodes and decodes UPLOAD, GET and ACTION: ABI reference §6.3. Pure.

import { HostError } from "../host/errors.ts";
import { PAYLOAD_NAME_MAX, PAYLOAD_SIZE_MAX } from "../xen-abi/limits.ts";
import {
  actionLayout,
  getLayout,
  HYPERVISOR_SYSCTL,
  headerLayout,
  LIVEPATCH_ACTION_APPLY_NODEPS,
  LivepatchAction,
  LivepatchOp,
  livepatchLayout,
  uploadLayout,
  XEN_SYSCTL_SIZE,
  XenSysctl,
} from "../xen-abi/sysctl.ts";
import { ArenaBuilder, ArenaReader } from "./arena.ts";
import type { SysctlInterface } from "./sysctl-interface.ts";
import type { Hypercall } from "./transport.ts";

/** The two integers of a payload, as Xen returns them: `rc` is 0 or a negative error number. */
export interface RawStatus {
  readonly state: number;
  readonly rc: number;
}

export type ActionName = "unload" | "revert" | "apply" | "replace";

export interface ActionRequest {
  /** For the rendezvous of all CPUs; 0 is Xen's own 30 ms. At most 4294967295, 4.29 s. */
  readonly timeoutNs: number;
  /** `hypervisor-only`: apply without the check of the whole chain; from 4.14 on. */
  readonly dependencyCheck: "whole-chain" | "hypervisor-only";
}

const actionCommands: Readonly<Record<ActionName, number>> = {
  unload: LivepatchAction.UNLOAD,
  revert: LivepatchAction.REVERT,
  apply: LivepatchAction.APPLY,
  replace: LivepatchAction.REPLACE,
};

export function sysctl({ version }: SysctlInterface, cmd: number): ArenaBuilder {
  const arena = new ArenaBuilder(XEN_SYSCTL_SIZE);
  return arena.u32(headerLayout.cmd, cmd).u32(headerLayout.interfaceVersion, version);
}

export function livepatchOp(dialect: SysctlInterface, op: number): ArenaBuilder {
  return sysctl(dialect, XenSysctl.livepatch_op).u32(livepatchLayout.op, op);
}

export function sysctlCall(arena: ArenaBuilder): Hypercall {
  return arena.build(HYPERVISOR_SYSCTL, [{ arenaOffset: 0 }]);
}

/** @throws HostError host/bad-argument for a name or a size that no Xen accepts */
export function uploadCall(dialect: SysctlInterface, name: string, payload: Uint8Array): Hypercall {
  if (payload.length === 0 || payload.length > PAYLOAD_SIZE_MAX) {
    throw new HostError({
      code: "host/bad-argument",
      problem: `Cannot upload payload "${name}": it is ${payload.length} bytes long`,
      expected: `1 to ${PAYLOAD_SIZE_MAX} bytes, the limit of every release of Xen`,
    });
  }
  const arena = withName(livepatchOp(dialect, LivepatchOp.UPLOAD), name);
  arena.u64(uploadLayout.size, BigInt(payload.length));
  return sysctlCall(arena.input(uploadLayout.payload, payload));
}

/** @throws HostError host/bad-argument */
export function getCall(dialect: SysctlInterface, name: string): Hypercall {
  return sysctlCall(withName(livepatchOp(dialect, LivepatchOp.GET), name));
}

export function readStatus(output: Uint8Array): RawStatus {
  const reader = new ArenaReader(output);
  return { state: reader.u32(getLayout.state), rc: reader.i32(getLayout.rc) };
}

/** @throws HostError host/bad-argument, host/unsupported */
export function actionCall(
  dialect: SysctlInterface,
  action: ActionName,
  name: string,
  { timeoutNs, dependencyCheck }: ActionRequest,
): Hypercall {
  if (!Number.isInteger(timeoutNs) || timeoutNs < 0 || timeoutNs > 0xffff_ffff) {
    throw new HostError({
      code: "host/bad-argument",
      problem: `Cannot ${action} payload "${name}": ${timeoutNs} ns is not a time limit`,
      expected: "whole nanoseconds from 0 to 4294967295 (4.29 s)",
    });
  }
  const arena = withName(livepatchOp(dialect, LivepatchOp.ACTION), name);
  arena.u32(actionLayout.cmd, actionCommands[action]).u32(actionLayout.timeout, timeoutNs);
  if (dependencyCheck === "hypervisor-only") {
    if (dialect.family === "A") throw unknownNodeps(action, name);
    arena.u32(actionLayout.flags, LIVEPATCH_ACTION_APPLY_NODEPS);
  }
  return sysctlCall(arena);
}

function withName(arena: ArenaBuilder, name: string): ArenaBuilder {
  const bytes = Buffer.from(`${name}\0`);
  if (bytes.indexOf(0) !== bytes.length - 1 || bytes.length < 2) throw badName(name, "is no name");
  if (bytes.length - 1 > PAYLOAD_NAME_MAX) throw badName(name, `is ${bytes.length - 1} bytes long`);
  return arena.u16(livepatchLayout.nameSize, bytes.length).input(livepatchLayout.nameHandle, bytes);
}

function badName(name: string, state: string): HostError {
  return new HostError({
    code: "host/bad-argument",
    problem: `Cannot use ${JSON.stringify(name)} as the name of a payload: it ${state}`,
    expected: `1 to ${PAYLOAD_NAME_MAX} bytes of UTF-8, without NUL`,
  });
}

function unknownNodeps(action: ActionName, name: string): HostError {
  return new HostError({
    code: "host/unsupported",
    problem: `Cannot ${action} payload "${name}" without the dependency check: this Xen always checks`,
    expected: "Xen 4.14 or later",
  });
}
