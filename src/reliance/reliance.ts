// Who relies on which registers of a function. By the ABI a call loses what its caller has in rax, rcx,
// rdx, rsi, rdi and r8 to r11. But gcc, when it compiles a caller after a callee of the same file,
// knows which of them this very callee leaves alone, and keeps values there (-fipa-ra, part of -O2,
// by which Xen is compiled). Give the callee another body, and the caller goes on with what that body
// left in the register: `rcu_lock_remote_domain_by_id` of Debian's 4.17 keeps a pointer in r9 across its
// call of `rcu_lock_domain_by_id`, and a new body that calls printk kills the host.
//
// So, of a function and its old code: a caller relies on a register when the old code leaves it alone
// (effects.ts), and the caller's code behind the call reads it before writing it (read-after.ts). And
// who calls that caller may rely on it through both, as far as the caller leaves the register alone
// itself; so the search goes up, from callers to their callers, with what is left of the set.
//
// What it rests on: code that was compiled together is known as such (compiled-together.ts), and only
// such code can rely. What it does not see: what a compiler knew of a callee besides registers, as that
// it writes no memory, takes no argument, gives one of two results, or never returns.

import {
  ALL_CALL_CLOBBERED,
  namesOfRegisters,
  RESULTS,
  type RegisterSet,
} from "../isa/x86-registers.ts";
import { Effects } from "./effects.ts";
import type { CodePlace, FunctionCode } from "./function-code.ts";
import { findReads, type RegisterRead } from "./read-after.ts";

export interface CallSite {
  readonly caller: FunctionCode;
  /** Of the call or jump, into the caller. */
  readonly offset: number;
  /** Where execution goes on when the callee has returned; none for a jump that is the caller's end. */
  readonly returnsTo: number | undefined;
}

/** All code that may have been compiled with knowledge of the function. */
export type FindCallers = (callee: FunctionCode) => readonly CallSite[];

export interface Reliant {
  readonly caller: FunctionCode;
  /** Of the call, into the caller. */
  readonly offset: number;
  readonly registers: RegisterSet;
  /**
   * Besides them, those that it may pass as arguments to a function that takes no notice of them now, while
   * a body that a later payload brings may.
   */
  readonly perhaps: RegisterSet;
  /** The first place that reads one of them. */
  readonly read: RegisterRead;
  /** The function asked about first, then those through which the caller reaches it. */
  readonly through: readonly FunctionCode[];
}

/** Whoever relies on registers that the present code of `callee` leaves alone. */
export function findReliants(
  callee: FunctionCode,
  findCallers: FindCallers,
  effects = new Effects("what-compilers-knew"),
): readonly Reliant[] {
  const found: Reliant[] = [];
  goUp(callee, findCallers, effects, (site, reach) => {
    found.push(...reliantsAt(site, reach, effects));
  });
  return found;
}

/** The function and all through which its callers may rely on it; none when it leaves nothing alone. */
export function findReached(
  callee: FunctionCode,
  findCallers: FindCallers,
  effects: Effects,
): readonly FunctionCode[] {
  return goUp(callee, findCallers, effects, () => {});
}

function goUp(
  callee: FunctionCode,
  findCallers: FindCallers,
  effects: Effects,
  look: (site: CallSite, reach: Reach) => void,
): readonly FunctionCode[] {
  const preservedBy = (code: FunctionCode) => {
    const { preserves, returns } = effects.of({ code, offset: 0 });
    return returns ? preserves : 0;
  };
  const known = new Map<FunctionCode, RegisterSet>();
  const work: Reach[] = [{ through: [callee], registers: preservedBy(callee) }];
  for (let reach = work.pop(); reach !== undefined; reach = work.pop()) {
    const reached = reach.through.at(-1) ?? callee;
    const before = known.get(reached) ?? 0;
    if ((reach.registers & ~before) === 0) continue;
    known.set(reached, before | reach.registers);
    for (const site of findCallers(reached)) {
      look(site, reach);
      const left = reach.registers & preservedBy(site.caller);
      work.push({ through: [...reach.through, site.caller], registers: left });
    }
  }
  return [...known.keys()];
}

/** Up to which function the search has come, and what nobody on the way has written. */
interface Reach {
  readonly through: readonly FunctionCode[];
  readonly registers: RegisterSet;
}

function reliantsAt(
  { caller, offset, returnsTo }: CallSite,
  { through, registers }: Reach,
  effects: Effects,
): readonly Reliant[] {
  if (returnsTo === undefined) return [];
  const found = findWanted({ code: caller, offset: returnsTo }, registers, effects);
  return found === undefined ? [] : [{ caller, offset, ...found, through }];
}

/** Behind a call, what of `wanted` is read, or may be; `undefined` where nothing is. */
export function findWanted(
  start: CodePlace,
  wanted: RegisterSet,
  effects: Effects,
): Pick<Reliant, "registers" | "perhaps" | "read"> | undefined {
  const reads = findReads(start, wanted, effects);
  const taken = findReads(start, wanted, effects, "any-body");
  const read = reads[0] ?? taken[0];
  const registers = setOf(reads);
  return read && { registers, perhaps: setOf(taken) & ~registers, read };
}

function setOf(reads: readonly RegisterRead[]): RegisterSet {
  return reads.reduce((set, { registers }) => set | registers, 0);
}

/**
 * The sets that a keeper may save for a caller, the best one first: nothing that it reads only perhaps is
 * a reason to refuse a fix, and least of all what may be a result.
 */
export function choicesOf<Wanted extends Pick<Reliant, "registers" | "perhaps">>(
  all: readonly Wanted[],
): readonly (readonly Wanted[])[] {
  return [ALL_CALL_CLOBBERED, ALL_CALL_CLOBBERED & ~RESULTS, 0].map((kept) =>
    all
      .map((one) => ({ ...one, registers: one.registers | (one.perhaps & kept) }))
      .filter(({ registers }) => registers !== 0),
  );
}

/** `"f" keeps r9 across its call of "g" at +0x6, and reads it at +0xb` */
export function describeReliant({ caller, offset, registers, read, through }: Reliant): string {
  const [callee, ...others] = through.toReversed().map(({ name }) => `"${name}"`);
  const names = namesOfRegisters(registers).join(", ");
  const where = read.code === caller ? "" : ` of "${read.code.name}"`;
  const onTheWay = others.length === 0 ? "" : `, which calls ${others.join(", which calls ")}`;
  return `"${caller.name}" keeps ${names} across its call of ${callee} at +0x${offset.toString(16)}${onTheWay}, and reads ${read.registers === registers ? "it" : "one of them"} at +0x${read.offset.toString(16)}${where}`;
}
