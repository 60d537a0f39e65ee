// The tour's stage: the hypervisor that runs, and the function that will be replaced.

import { readFile } from "node:fs/promises";
import { XspliceError } from "../../error.ts";
import type { ActOptions, HostInfo, LivepatchHost } from "../../host/host.ts";
import type { Lab } from "../../lab/lab.ts";
import { readXenSyms, type XenSyms } from "../../running/xen-syms.ts";
import { xenVersion } from "../commands/info.ts";
import type { CommandCall } from "../spec.ts";
import { type CodePlace, codeLines } from "./code.ts";
import type { TourPage } from "./page.ts";

export interface Stage {
  readonly call: CommandCall;
  readonly page: TourPage;
  readonly lab: Lab;
  readonly host: LivepatchHost;
}

export interface Scene extends Stage {
  readonly info: HostInfo;
  readonly xen: XenSyms;
  /** The function of Xen that will be replaced. */
  readonly target: TourTarget;
  /** As it was before. */
  readonly seen: Sight;
  /** Under which name a symbol's address is known. */
  readonly names: ReadonlyMap<bigint, string>;
}

export interface TourTarget {
  readonly name: string;
  readonly address: bigint;
}

/** What can be seen of a patch: what the hypervisor answers, and the function's first bytes. */
export interface Sight {
  readonly version: string;
  readonly entry: Uint8Array;
}

/** Returns the end of the version number; the same in all releases. */
const TARGET_NAME = "xen_extra_version";
/** Enough for the short function and for the jump, also behind an ENDBR64. */
const ENTRY_BYTES = 16;
/** Emulated processors take their time to meet. */
const QUIESCE_MS = 200;

class TourError extends XspliceError<"demo/no-symbols"> {}

export async function lookAround(stage: Stage): Promise<Scene> {
  const { page, host, lab } = stage;
  const info = await host.info(callOptions(stage));
  const { xen, target } = await readSymbols(lab);
  page.step("Ask the hypervisor what it is");
  page.fact("version", xenVersion(info.version));
  page.fact("build-id", info.buildId ?? "none");
  page.fact("compiler", info.compiler ?? "unknown");
  page.gap();
  page.words(`The build-id names this very build of Xen. A live patch fits only the build that it
    was made for, as it refers to its functions by their place in memory. The version ends with
    "${info.version.extra}", which is what a small function of Xen returns: ${target.name}. This is
    its machine code, in the memory of the running hypervisor:`);
  page.gap();
  const seen = await look(stage, target);
  const scene = { ...stage, info, xen, target, seen, names: namesByAddress(xen) };
  await showCode(scene, { address: target.address, bytes: seen.entry });
  return scene;
}

export async function showCode({ page, lab, names }: Scene, place: CodePlace): Promise<void> {
  page.code(await codeLines(lab, names, place));
}

/** Asks the hypervisor for its version, and reads its memory from outside the emulated computer. */
export async function look(stage: Stage, { address }: Pick<TourTarget, "address">): Promise<Sight> {
  const { version } = await stage.host.info(callOptions(stage));
  const entry = await stage.lab.readHypervisor(address, ENTRY_BYTES);
  return { version: xenVersion(version), entry };
}

export function callOptions({ call }: Pick<Stage, "call">): ActOptions {
  const { deadlineMs } = call.globals;
  const { signal } = call.io;
  return { deadlineMs, signal, dependencyCheck: "whole-chain", quiesceMs: QUIESCE_MS };
}

async function readSymbols({ info }: Lab): Promise<{ xen: XenSyms; target: TourTarget }> {
  const { symbols } = info;
  if (symbols === undefined) throw noSymbols(info.xen);
  const xen = readXenSyms(await readFile(symbols), symbols);
  const address = xen.byName.get(TARGET_NAME)?.address;
  if (address === undefined) throw noSymbols(symbols);
  return { xen, target: { name: TARGET_NAME, address } };
}

function namesByAddress({ byName }: XenSyms): ReadonlyMap<bigint, string> {
  const names = new Map<bigint, string>();
  for (const { address, name } of byName.values()) {
    if (address !== undefined) names.set(address, name);
  }
  return names;
}

function noSymbols(source: string): TourError {
  return new TourError({
    code: "demo/no-symbols",
    problem: `Cannot find the function "${TARGET_NAME}" of Xen: no symbols for it`,
    where: source,
    remedy: "name the hypervisor's xen-syms by --xen-syms FILE",
  });
}
