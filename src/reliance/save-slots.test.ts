import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHex } from "../bytes/hex.ts";
import { namesOfRegisters } from "../isa/x86-registers.ts";
import { Effects } from "./effects.ts";
import { FunctionCode } from "./function-code.ts";

/** Of rcx and rdx, those that the code leaves alone. */
function leftAlone(...code: readonly string[]): string {
  const bytes = parseHex(code.join(""));
  const leadTo = ({ target, isCall }: { readonly target: number; readonly isCall: boolean }) =>
    isCall ? ({ kind: "elsewhere" } as const) : ({ kind: "inside", offset: target } as const);
  const function_ = new FunctionCode({ name: "f", bytes, leadTo });
  const { preserves } = new Effects("what-may-happen").of({ code: function_, offset: 0 });
  return namesOfRegisters(preserves)
    .filter((name) => name === "rcx" || name === "rdx")
    .join();
}

const push = { rcx: "51", rdx: "52", rbp: "55" };
const pop = { rcx: "59", rdx: "5a", rbp: "5d" };
const call = "e800000000"; // changes both
const [ret, frame, leave] = ["c3", "4889e5", "c9"];
const align = "4883e4f0";
const room = { make: "4883ec10", take: "4883c410" };

const cases: readonly (readonly [what: string, code: readonly string[], left: string])[] = [
  ["what it pops again", [push.rcx, push.rdx, call, pop.rdx, pop.rcx], "rcx,rdx"],
  ["nothing that it pops in another order", [push.rcx, push.rdx, call, pop.rcx, pop.rdx], ""],
  ["nothing where a push only made room", [push.rcx, call, "c7042400000000", pop.rcx], ""],
  [
    "what lies beside a write",
    [push.rcx, push.rdx, call, "c7042400000000", pop.rdx, pop.rcx],
    "rcx",
  ],
  ["nothing whose address it takes", [push.rcx, "488d3c24", call, pop.rcx], ""],
  ["what it reads in its place", [push.rcx, call, "488b0424", pop.rcx], "rcx"],
  [
    "what lies above its own variables",
    [push.rcx, room.make, "c744240800000000", call, room.take, pop.rcx],
    "rcx",
  ],
  ["nothing at another depth", [push.rcx, room.make, call, pop.rcx, room.take], ""],
  [
    "nothing that it pushes when it is changed",
    [push.rdx, call, push.rcx, pop.rcx, pop.rdx],
    "rdx",
  ],
  [
    "nothing that it wrote by its frame pointer",
    [push.rbp, frame, push.rcx, call, "c745f800000000", pop.rcx, pop.rbp],
    "",
  ],
  [
    "what it finds by its frame pointer",
    [push.rbp, frame, push.rcx, room.make, call, "488d65f8", pop.rcx, pop.rbp],
    "rcx",
  ],
  [
    "what it finds again when it has aligned its stack",
    [push.rbp, frame, push.rcx, align, call, "488d65f8", pop.rcx, pop.rbp],
    "rcx",
  ],
  [
    "nothing where aligned room may be what it writes",
    [push.rbp, frame, push.rcx, align, call, "c744240800000000", "488d65f8", pop.rcx, pop.rbp],
    "",
  ],
  ["nothing that it pops from an aligned stack", [push.rcx, align, call, pop.rcx], ""],
  [
    "nothing behind the end of its frame",
    [push.rcx, push.rbp, frame, call, room.make, leave, pop.rdx],
    "",
  ],
  [
    "nothing that one of two paths wrote over",
    [push.rcx, call, "7407", "c7042400000000", pop.rcx],
    "",
  ],
  [
    "nothing where paths meet at two depths",
    [push.rcx, push.rcx, call, "7401", pop.rdx, pop.rcx],
    "",
  ],
];

for (const [what, code, left] of cases) {
  test(`Effects takes for left alone ${what}`, () => {
    assert.equal(leftAlone(...code, ret), left);
  });
}
