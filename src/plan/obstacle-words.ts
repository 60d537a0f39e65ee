// The texts of the planner's refusals; those about symbols and references are in binding-words.ts.

import { hexNumber } from "../bytes/hex.ts";
import type { HookKind } from "../xen-abi/hooks.ts";
import type { MissingFix } from "./coverage.ts";
import type { CodeRange } from "./facts-form.ts";
import type { Obstacle } from "./obstacle.ts";
import type { Piece } from "./piece.ts";
import type { CompiledAgainst, Conflict, Relations } from "./relations.ts";

export function nameOfId(buildId: string, relations: Relations): string {
  const known = relations.withId(buildId);
  return known === undefined ? `the payload with build-id ${buildId}` : `"${known.name}"`;
}

/** It must be applied directly on something that is missing. */
export function missingLink(
  piece: Piece,
  top: Piece | undefined,
  ground: { readonly relations: Relations; readonly xenBuildId: string | undefined },
): Obstacle {
  const { depends } = piece.facts;
  const below = top === undefined ? "nothing else would be applied" : `"${top.name}" is below it`;
  if (depends === undefined) {
    return {
      code: "plan/unknown",
      problem: `Cannot apply "${piece.name}": it is not known what it depends on`,
      remedy: "give its file",
    };
  }
  const isPlain = depends === ground.xenBuildId;
  const wanted = isPlain ? "the hypervisor alone" : nameOfId(depends, ground.relations);
  return {
    code: "plan/missing-link",
    problem: `Cannot apply "${piece.name}": it depends on ${wanted}, and ${below}`,
    expected: isPlain
      ? "nothing below it; only an independent payload with a full guard may sit on any other"
      : `${wanted} applied directly below it`,
    remedy: isPlain ? "build it on top of what is below it" : "add what it depends on",
  };
}

/** Another payload must be applied below it, at any depth. */
export function missingNeed(piece: Piece, buildId: string, relations: Relations): Obstacle {
  const name = nameOfId(buildId, relations);
  return {
    code: "plan/missing-link",
    problem: `Cannot apply "${piece.name}": it was made for a host that has ${name} applied`,
    expected: `${name} among what should be applied`,
    remedy: "add it, or leave out both",
  };
}

/** It expects the jump of a payload that it was built on, and no applied payload has written it. */
export function missingJump(piece: Piece, range: CodeRange): Obstacle {
  return {
    code: "plan/missing-link",
    problem: `Cannot apply "${piece.name}": it was made for a host on which another payload has replaced the code at its entry`,
    where: describeRange(range),
    expected: "the jump of a payload below it, where the code of the hypervisor would still be",
    remedy: "add the payload that it was built on and that replaces this function",
  };
}

export function inTheWay(left: Piece, right: Piece, conflict: Conflict): Obstacle {
  return conflict.kind === "overlap"
    ? overlapping(left, right, conflict.range)
    : compiledAgainst(conflict);
}

function overlapping(left: Piece, right: Piece, range: CodeRange): Obstacle {
  // Both directions of a conflict are reported as one reason.
  const [one, other] = left.name < right.name ? [left, right] : [right, left];
  return {
    code: "plan/overlap",
    problem: `Cannot have both "${one.name}" and "${other.name}" applied: they change the same code`,
    where: describeRange(range),
    expected: "payloads that change different functions, or one that was made on top of the other",
    remedy: 'build one of them again with "--on" the other, or both fixes as one payload',
  };
}

function compiledAgainst({ user, changedBy, range }: CompiledAgainst): Obstacle {
  return {
    code: "plan/overlap",
    problem: `Cannot have both "${user.name}" and "${changedBy.name}" applied: "${user.name}" was compiled against code that "${changedBy.name}" changes`,
    where: describeRange(range),
    expected: `no payload that changes what the new code of "${user.name}" calls or relies on, or one of the two made on top of the other`,
    remedy: 'build one of them again with "--on" the other, or both fixes as one payload',
  };
}

export function unknownOverlap(one: Piece, other: Piece): Obstacle {
  const [unknown, known] = one.facts.functions === undefined ? [one, other] : [other, one];
  return {
    code: "plan/unknown",
    problem: `Cannot have both "${known.name}" and "${unknown.name}" applied: it is not known what "${unknown.name}" changes`,
    remedy: `give the file of "${unknown.name}"`,
  };
}

/** `lower` would end up above the payload that was made to be on top of it. */
export function wrongWayRound(upper: Piece, lower: Piece): Obstacle {
  return {
    code: "plan/missing-link",
    problem: `Cannot bring "${lower.name}" below "${upper.name}", which was made to sit on it`,
    expected: "an order in which each payload comes after those that it was made for",
    remedy: "leave one of the two out, or build it again on top of what should be below it",
  };
}

/** @param place what both depend on; the hypervisor if undefined */
export function samePlace(one: Piece, other: Piece, place: Piece | undefined): Obstacle {
  const where = place === undefined ? "the hypervisor" : `"${place.name}"`;
  return {
    code: "plan/same-place",
    problem: `Cannot apply both "${one.name}" and "${other.name}": each must be directly on top of ${where}`,
    expected: "one payload in each place, or independent ones with a full guard",
    remedy: 'build one of them again with "--on" the other, or with "--mode independent"',
  };
}

/** It must be uploaded, for the first time or again, but its file was not given. */
export function noFile(piece: Piece): Obstacle {
  return {
    code: "plan/no-file",
    problem: `Cannot apply "${piece.name}": it must be uploaded, but its file was not given`,
    expected:
      "the file of each payload that is not loaded, or not in a state to be applied as it is",
    remedy: "give its file",
  };
}

/** It must be reverted temporarily, and Xen would not apply it again (ABI §3, rule 6). */
export function dataLost(piece: Piece): Obstacle {
  return {
    code: "plan/one-way",
    problem: `Cannot revert "${piece.name}" and apply it again: its data would be reset`,
    expected: "nothing but payloads without writable data among those that have to be lifted",
    remedy: "revert only the payloads above it, or allow its data to be reset (--allow-fresh-data)",
  };
}

/** @param stranger is applied, and `piece` was not built on top of it */
export function burying(piece: Piece, stranger: Piece, functionName: string): Obstacle {
  return {
    code: "plan/overlap",
    problem: `Cannot apply "${piece.name}": it replaces ${functionName} as "${stranger.name}" has changed it, and does not include that change`,
    where: functionName,
    expected: `a payload that was built on top of "${stranger.name}", or nothing between it and what it was built on`,
    remedy: `build it again with "--on" the file of "${stranger.name}" as well, or revert that one first`,
  };
}

export function hookAgainst(piece: Piece, hook: HookKind): Obstacle {
  return {
    code: "plan/hook",
    problem: `Cannot replace what is applied at once: "${piece.name}" has a ${hook} hook`,
    expected: "no such hooks, neither in what is applied nor in what takes its place",
  };
}

export function unknownHooks(piece: Piece): Obstacle {
  return {
    code: "plan/unknown",
    problem: `Cannot replace what is applied at once: it is not known which hooks "${piece.name}" has`,
    remedy: `give the file of "${piece.name}"`,
  };
}

export function wrongHypervisor(piece: Piece, xenBuildId: string): Obstacle {
  return {
    code: "plan/wrong-hypervisor",
    problem: `Cannot apply "${piece.name}": it was built for another hypervisor`,
    expected: `${xenBuildId}, the build-id of the host's hypervisor\n${piece.facts.xenDepends} is in the payload`,
    remedy: "build it again with the xen-syms file of the hypervisor that runs",
  };
}

function describeRange({ symbol, start, sizeBytes }: CodeRange): string {
  const size = sizeBytes === 1 ? "1 byte" : `${sizeBytes} bytes`;
  if (symbol === undefined) return `${size} at ${hexNumber(start)}`;
  return start === 0n ? `${symbol}, ${size}` : `${symbol}+${hexNumber(start)}, ${size}`;
}

/**
 * @param applied in any order
 * @param reasons sentences, why
 */
export function unknownStack(applied: readonly Piece[], reasons: readonly string[]): Obstacle {
  const isTold = applied.every(({ facts }) => facts.buildId !== undefined && facts.depends);
  return {
    code: "plan/unknown",
    problem: "Cannot determine the stack of this host",
    where: reasons.join("\n"),
    expected: "a host whose stack is known, or a payload that can replace all of it at once",
    remedy: isTold
      ? 'no file would help: try "xsplice revert NAME" of each; Xen refuses, with nothing changed, whatever is not on top'
      : "give the files of what is loaded",
  };
}

export function unknownHypervisor(): Obstacle {
  return {
    code: "plan/unknown",
    problem: "Cannot apply anything: the build-id of the host's hypervisor is not known",
    expected: "a hypervisor with a build-id",
  };
}

/** Its hooks decide whether an applied payload can be replaced, and they are unknown. */
export function fileAgainstMoment(name: string): Obstacle {
  return {
    code: "plan/no-file",
    problem: `Cannot tell whether "${name}" can be replaced without its fix missing for a moment: its file was not given`,
    remedy: `give the file with --payload, since it shows the hooks; if it is lost, run "xsplice revert ${name}" and accept the gap`,
  };
}

export function momentForbidden(missing: readonly MissingFix[]): Obstacle {
  const names = missing.map(({ fix }) => (fix.kind === "function" ? fix.name : `"${fix.name}"`));
  return {
    code: "plan/moment",
    problem: "Cannot reach the wanted state without a moment in which a fix is missing",
    where: `${names.slice(0, 10).join(", ")}${names.length > 10 ? `, ${names.length - 10} more` : ""}`,
    expected: "one payload that can replace all that is applied",
    remedy: "allow such a moment, or build the fixes as one cumulative payload",
  };
}
