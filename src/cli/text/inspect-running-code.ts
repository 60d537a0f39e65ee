// The hypervisor of --xen-syms in the form that inspect needs: functions by name, names by address.

import { toHex } from "../../bytes/hex.ts";
import type { RunningCode } from "../../dissect/running-code.ts";
import { machineOfArchitecture } from "../../isa/architecture.ts";
import type { XenSyms } from "../../running/xen-syms.ts";
import { countBefore } from "../../sorted.ts";
import type { Release } from "../../xen-abi/release.ts";
import { readXenSymsFile } from "../read-xen-syms-file.ts";

export interface RunningHypervisor {
  /** As far as the file has it. */
  readonly release: Release | undefined;
  /** Hex. */
  readonly buildId: string;
  readonly running: RunningCode;
}

/** @throws InputFileError, ElfError, BuilderError builder/bad-xen-syms */
export async function readRunningCode(
  path: string,
  signal: AbortSignal,
): Promise<RunningHypervisor> {
  const bytes = await readXenSymsFile(path, signal);
  const { readXenSyms } = await import("../../running/xen-syms.ts");
  const xen = readXenSyms(bytes, path);
  return { release: xen.release, buildId: toHex(xen.buildId), running: runningCodeOf(xen) };
}

export function runningCodeOf({ architecture, byName, bytesAt }: XenSyms): RunningCode {
  const sorted = [...byName.values()].sort(({ address: left }, { address: right }) =>
    left < right ? -1 : left > right ? 1 : 0,
  );
  return {
    machine: machineOfArchitecture[architecture],
    find: (name) => {
      const found = byName.get(name);
      return found && { address: found.address, size: found.sizeBytes };
    },
    bytesAt,
    nameAt: (address) => nameAt(sorted, address),
  };
}

interface NamedPlace {
  readonly name: string;
  readonly address: bigint;
  readonly sizeBytes: number;
}

/** The symbol that contains the address; a label without a size contains only its own. */
function nameAt(sorted: readonly NamedPlace[], address: bigint): string | undefined {
  const nearest = sorted[countBefore(sorted, (one) => one.address <= address) - 1];
  if (nearest === undefined) return undefined;
  const offset = address - nearest.address;
  if (offset === 0n) return nearest.name;
  return offset < BigInt(nearest.sizeBytes)
    ? `${nearest.name}+0x${offset.toString(16)}`
    : undefined;
}
