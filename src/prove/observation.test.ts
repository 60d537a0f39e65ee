import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, type Seen } from "./observation.ts";
import type { Hole } from "./trigger.ts";

const quiet: Seen = {
  end: "done",
  output: "a timer\ndone\n",
  crash: undefined,
  console: "",
  standing: [],
  memoryOverwritten: undefined,
};
const panic: Hole = { kind: "panic", console: ["FATAL TRAP: vec 0", "RIP: .*start_stimer"] };
const hang: Hole = { kind: "hang", functions: ["^_spin_lock"] };
const says: Hole = { kind: "says", hole: "^answer -14$", closed: "^answer -61$" };
const memory: Hole = { kind: "memory", symbol: "mask", offset: 16, becomes: "ff" };

function died(text: string, kind: "hypervisor-panic" | "dom0-hung" | "machine-ended"): Seen {
  return { ...quiet, end: "died", crash: { kind, console: text }, console: text };
}

test("a panic is the hole only with all that its description names", () => {
  const right = "(XEN) RIP: e008:[<0>] time.c#start_stimer+1/2\r\n(XEN) FATAL TRAP: vec 0, #DE\r\n";
  assert.equal(judge(died(right, "hypervisor-panic"), panic).kind, "hole");
  assert.equal(judge(died("(XEN) FATAL PAGE FAULT", "hypervisor-panic"), panic).kind, "unexpected");
  assert.equal(judge(died(right, "machine-ended"), panic).kind, "unexpected");
  assert.equal(judge(quiet, panic).kind, "no-hole");
});

test("silence is the hole only when every look finds a CPU where the hole leaves it", () => {
  const silent = died("", "dom0-hung");
  const standing = ["_spin_lock_irqsave", "_spin_lock_irqsave"];
  assert.equal(judge({ ...silent, standing }, hang).kind, "hole");
  const busy = { ...silent, standing: [...standing, "idle_loop"] };
  assert.equal(judge(busy, hang).kind, "unexpected");
  assert.equal(judge(silent, hang).kind, "unexpected");
});

test("an answer that is neither counts as nothing", () => {
  const answer = (text: string): Seen => ({ ...quiet, output: `${text}\ndone\n` });
  assert.equal(judge(answer("answer -14"), says).kind, "hole");
  assert.equal(judge(answer("answer -61"), says).kind, "no-hole");
  assert.equal(judge(answer("answer 0"), says).kind, "unexpected");
});

test("memory that was not compared says nothing", () => {
  assert.equal(judge({ ...quiet, memoryOverwritten: true }, memory).kind, "hole");
  assert.equal(judge({ ...quiet, memoryOverwritten: false }, memory).kind, "no-hole");
  assert.equal(judge(quiet, memory).kind, "unexpected");
});

test("a trigger that did not come to its end never shows that there is no hole", () => {
  for (const hole of [panic, hang, says, memory]) {
    for (const end of ["killed-by-xen", "failed", "timeout"] as const) {
      const seen = { ...quiet, end, output: "answer -61\n", memoryOverwritten: false };
      assert.equal(judge(seen, hole).kind, "unexpected", `${hole.kind} ${end}`);
    }
  }
  assert.equal(
    judge({ ...quiet, end: "lacking", output: "lacks: timers\n" }, panic).kind,
    "lacking",
  );
});
