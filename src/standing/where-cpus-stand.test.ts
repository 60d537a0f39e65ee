import assert from "node:assert/strict";
import { test } from "node:test";
import { imageOf, RET } from "./image.test.support.ts";
import { whereCpusStand } from "./where-cpus-stand.ts";

const NEW_STACK = "4889c4"; // mov %rax,%rsp
const LOOP = "ebfe"; // jmp .
const rendezvous = { check_for_livepatch_work: `f390 ${RET}` };

function standingIn(functions: Readonly<Record<string, string>>, release?: string) {
  return Object.fromEntries(whereCpusStand(imageOf({ ...rendezvous, ...functions }, release)));
}

test("whereCpusStand() has the callers of the rendezvous, and theirs", () => {
  const standing = standingIn({
    "arch/x86/domain.c#idle_loop": `90 call:check_for_livepatch_work ${LOOP}`,
    outer: `call:arch/x86/domain.c#idle_loop ${RET}`,
    other: `call:printk ${RET}`,
    printk: RET,
  });
  assert.deepEqual(standing, {
    check_for_livepatch_work: "leaves",
    "arch/x86/domain.c#idle_loop": "leaves",
    outer: "leaves",
  });
});

test("whereCpusStand() leaves out whose frames are gone with the old stack", () => {
  const standing = standingIn({
    context_switch: `90 ${NEW_STACK} call:check_for_livepatch_work ffe3`,
    schedule: `call:context_switch ${RET}`,
    startup: `${NEW_STACK} call:check_for_livepatch_work jmp:idle_loop`,
    idle_loop: `call:check_for_livepatch_work ${LOOP}`,
    start_secondary: `call:startup ${RET}`,
  });
  const names = ["check_for_livepatch_work", "context_switch", "idle_loop", "startup"];
  assert.deepEqual(Object.keys(standing).sort(), names);
});

test("whereCpusStand() goes through jumps, which leave no frame", () => {
  const standing = standingIn({
    tail: "90 jmp:check_for_livepatch_work",
    caller: `call:tail ${RET}`,
  });
  assert.deepEqual(Object.keys(standing).sort(), ["caller", "check_for_livepatch_work"]);
});

test("whereCpusStand() takes no bytes inside of an instruction for a call", () => {
  // mov $imm64,%rax, whose constant reads as a call of the function 0x40 bytes before
  const inside = `48b8 e8b9ffffff000000 ${RET}`;
  assert.deepEqual(Object.keys(standingIn({ constant: inside })), ["check_for_livepatch_work"]);
});

test("whereCpusStand() gives a cold part's frame to the whole function", () => {
  const standing = standingIn({ "f.cold": `call:check_for_livepatch_work ${RET}` });
  assert.equal(standing["f"], "leaves");
});

test("whereCpusStand() knows no end where no softirq is raised before the CPUs wait", () => {
  const loop = { idle_loop: `call:check_for_livepatch_work ${LOOP}` };
  assert.equal(standingIn(loop, "4.13.0")["idle_loop"], "stays");
  assert.equal(standingIn(loop, "4.13.1")["idle_loop"], "leaves");
});

test("whereCpusStand() has where offline CPUs sleep, and all that is called there but thunks", () => {
  const standing = standingIn({
    play_dead: `call:cpu_exit_clear ffd0 ${LOOP}`,
    cpu_exit_clear: RET,
    acpi_dead_idle: "f4 call:sleeper jmp:default_dead_idle",
    default_dead_idle: "f4 jmp:__x86_return_thunk",
    sleeper: RET,
    __x86_return_thunk: RET,
  });
  assert.deepEqual(
    Object.entries(standing)
      .flatMap(([name, stay]) => (stay === "stays" ? name : []))
      .sort(),
    ["acpi_dead_idle", "default_dead_idle", "play_dead", "sleeper"],
  );
});

test("whereCpusStand() finds nothing where there is nothing", () => {
  assert.equal(whereCpusStand(imageOf({ f: RET })).size, 0);
  assert.equal(whereCpusStand({ ...imageOf({ f: RET }), bytesAt: () => undefined }).size, 0);
});

test("whereCpusStand() takes what looks like a call in code that cannot be read for one", () => {
  const sleep = `call:flush 06 call:halt ${LOOP}`; // 06 is no instruction
  const standing = standingIn({ default_dead_idle: sleep, flush: RET, halt: RET, other: RET });
  assert.deepEqual(standing, {
    check_for_livepatch_work: "leaves",
    default_dead_idle: "stays",
    halt: "stays",
    flush: "stays",
  });
});
