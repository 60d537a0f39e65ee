import assert from "node:assert/strict";
import { test } from "node:test";
import { imageOf, RET } from "./image.test.support.ts";
import { whereVcpusSleep } from "./where-vcpus-sleep.ts";

const sleepingIn = (functions: Readonly<Record<string, string>>) =>
  [...whereVcpusSleep(imageOf(functions))].sort();

test("whereVcpusSleep() has who calls or jumps to the wait queue, and their callers", () => {
  const sleeping = sleepingIn({
    prepare_to_wait: RET,
    vm_event_claim_slot: `90 call:prepare_to_wait ${RET}`,
    "common/monitor.c#traps": "90 jmp:vm_event_claim_slot",
    "hvm_handle.cold": "call:common/monitor.c#traps 0f0b",
    hvm_handle: `9090 ${RET}`,
    circle: `call:circle call:hvm_handle ${RET}`,
    printk: RET,
    other: `call:printk ${RET}`,
  });
  assert.deepEqual(sleeping, [
    "common/monitor.c#traps",
    "hvm_handle",
    "prepare_to_wait",
    "vm_event_claim_slot",
  ]);
});

test("whereVcpusSleep() is empty where nobody can sleep", () => {
  assert.deepEqual(sleepingIn({ idle_loop: `call:printk ${RET}`, printk: RET }), []);
});
