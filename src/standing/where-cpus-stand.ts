// Which functions of a hypervisor CPUs stand in while Xen patches, found in its code. A CPU stands in a
// function whose frame is on its stack: it goes on in the body that was there before. That is harmless when a
// payload is applied, since Xen's own code stays where it is. But when the payload is reverted, the CPU goes
// on in the payload, and must have left it before the payload is unloaded.
//
// All CPUs that are online wait in the rendezvous (xen-abi/rendezvous.ts), so on their stacks are those who
// called it, and the callers of these unless the stack was new. Those that are offline sleep in a few others.
// Nobody stands in what leaves for another stack, such as the tail of a context switch: it is not returned to.
//
// Only x86-64. On Arm every vCPU has a stack of its own, and those that do not run stand in whatever led to
// the switch: these are listed (xen-abi/unpatchable-arch.ts).

import { findColdParent } from "../elf/cold-part.ts";
import { IsaError } from "../isa/errors.ts";
import { decodeBranches } from "../isa/x86-decode.ts";
import {
  type BranchSite,
  findNearBranches,
  NEAR_DISTANCE_SIZE,
  nearBranchAt,
} from "../isa/x86-near-branch.ts";
import { hasFeature } from "../xen-abi/features.ts";
import type { Release } from "../xen-abi/release.ts";
import {
  PARKING_FUNCTION,
  parkedFunctions,
  RENDEZVOUS_FUNCTION,
  type Stay,
} from "../xen-abi/rendezvous.ts";
import { stackBelow } from "./fresh-stack.ts";

/** The code of a linked hypervisor. */
export interface StandingImage {
  readonly release: Release | undefined;
  /** All that stay after boot, in any order. */
  readonly functions: readonly ImageFunction[];
  /** `undefined` where the file has no such bytes. */
  readonly bytesAt: (address: bigint, length: number) => Uint8Array | undefined;
}

export interface ImageFunction {
  /** As Xen's table spells it: a static function has its source file in front. */
  readonly name: string;
  readonly address: bigint;
  /** 0 where the file does not tell, as for much that is written in assembly. */
  readonly sizeBytes: number;
}

/** By the names of Xen's table; functions in which no CPU stands are missing. */
export type Standing = ReadonlyMap<string, Stay>;

export function whereCpusStand(image: StandingImage): Standing {
  return new Map([
    ...waitingIn(image).map((name): [string, Stay] => [name, stayOf(image)]),
    ...parkedIn(image).map((name): [string, Stay] => [name, "stays"]),
  ]);
}

/** Of those who wait in the rendezvous, once it is over. */
export function stayOf({ release }: Pick<StandingImage, "release">): Stay {
  const isByTasklets = release !== undefined && hasFeature(release, "tasklet-rendezvous");
  return isByTasklets ? "leaves" : "stays";
}

function waitingIn(image: StandingImage): readonly string[] {
  const waiting = new Set<string>();
  const work = image.functions.filter(({ name }) => name === RENDEZVOUS_FUNCTION);
  const seen = new Set(work);
  for (const { name } of work) waiting.add(name);
  for (let callee = work.pop(); callee !== undefined; callee = work.pop()) {
    for (const { caller, site, code } of callersOf(callee, image)) {
      const below = stackBelow(code, site.offset);
      if (below === "no-instruction") continue;
      // A jump leaves no frame behind, but those of the callers are still there.
      if (site.returnsTo !== undefined) waiting.add(wholeName(caller));
      if (below === "fresh" || seen.has(caller)) continue;
      seen.add(caller);
      work.push(caller);
    }
  }
  return [...waiting];
}

interface Caller {
  readonly caller: ImageFunction;
  readonly code: Uint8Array;
  readonly site: BranchSite;
}

function callersOf({ address }: ImageFunction, image: StandingImage): readonly Caller[] {
  return image.functions.flatMap((caller) => {
    const code = caller.address === address ? undefined : codeOf(caller, image);
    if (code === undefined) return [];
    const sites = findNearBranches(code, Number(address - caller.address));
    return sites.map((site): Caller => ({ caller, code, site }));
  });
}

/** Through them code calls and returns; entry code, which no payload replaces. */
const THUNK = /^__x86_/;

/** Where CPUs sleep, what these call or jump to, and from where they come to it. */
function parkedIn(image: StandingImage): readonly string[] {
  const byAddress = new Map(image.functions.map((one) => [one.address, one]));
  const parked = new Set<ImageFunction>();
  const work = image.functions.filter(({ name }) => parkedFunctions.includes(sourceName(name)));
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (parked.has(next) || THUNK.test(next.name)) continue;
    parked.add(next);
    const { address } = next;
    work.push(...targetsOf(next, image).flatMap((to) => byAddress.get(address + BigInt(to)) ?? []));
  }
  const parking = image.functions.filter(({ name }) => sourceName(name) === PARKING_FUNCTION);
  return [...parking, ...parked].map(wholeName);
}

function targetsOf(one: ImageFunction, image: StandingImage): readonly number[] {
  const code = codeOf(one, image);
  if (code === undefined) return [];
  try {
    return decodeBranches(code, 0).flatMap(({ kind, target }) => {
      return kind === "operand" ? [] : target;
    });
  } catch (error) {
    if (error instanceof IsaError) return possibleTargets(code);
    throw error;
  }
}

/** Of code that cannot be read as instructions: whatever looks like a branch is taken. */
function possibleTargets(code: Uint8Array): readonly number[] {
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  const found: number[] = [];
  for (let field = 1; field + NEAR_DISTANCE_SIZE <= code.length; field++) {
    if (nearBranchAt(code, field) === undefined) continue;
    found.push(field + NEAR_DISTANCE_SIZE + view.getInt32(field, true));
  }
  return found;
}

function codeOf({ address, sizeBytes }: ImageFunction, image: StandingImage) {
  return sizeBytes === 0 ? undefined : image.bytesAt(address, sizeBytes);
}

/** A cold part gets its new body with the function that it belongs to. */
function wholeName({ name }: ImageFunction): string {
  return findColdParent(name) ?? name;
}

/** Without the file, and the suffixes of clones. */
function sourceName(name: string): string {
  return name.replace(/^.*#/, "").replace(/\.(constprop|isra|part|cold).*$/, "");
}
