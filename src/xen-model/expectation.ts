// The old code that a payload expects: ABI reference §1.4.

import { hexNumber, toHex } from "../bytes/hex.ts";
import type { ErrnoName } from "../xen-abi/errno.ts";
import { type Memory, UnknownByte } from "./memory.ts";
import type { LoadedPayload, ModelFunction } from "./payload.ts";
import { readString } from "./read-memory.ts";
import { type Assumption, crash, refuse } from "./verdict.ts";

const step = "apply/expectation";

export interface ExpectationContext {
  readonly memory: Memory;
  readonly assumptions: Assumption[];
}

/** Stops at the first function whose code is not as expected. */
export function checkExpectations(context: ExpectationContext, payload: LoadedPayload): void {
  for (const item of payload.functions) checkOne(context, payload.name, item);
}

function checkOne(
  context: ExpectationContext,
  payload: string,
  { entry, oldAddress, place }: ModelFunction,
): void {
  const { expectation } = entry;
  if (!expectation?.enabled) return;
  const fail = (errno: ErrnoName, rc: number, words: string, before: string[] = []): never => {
    const name = readString(context, entry.nameAddress, step, place);
    const lines = before.map((line) => `${name}: ${line}`);
    const last = `${payload}: expectations of ${name} failed (rc=${rc}), aborting!`;
    return refuse(step, errno, `${words} at "${name}"`, { place, console: [...lines, last] });
  };
  if (expectation.reserved !== 0) fail("EINVAL", -22, "reserved bits are set in the expectation");
  if (entry.oldSize < expectation.length) {
    fail("ERANGE", -34, "the expectation is longer than the function");
  }
  const expected = expectation.data.subarray(0, expectation.length);
  const found = context.memory.read(oldAddress, expected.length);
  if (found.kind === "fault") {
    const trap = found.gone ? "init-memory" : "unmapped-memory";
    crash(trap, step, `the code expected at ${hexNumber(oldAddress)} is compared`, place);
  }
  if (found.kind === "elsewhere") {
    const words = `memory at ${hexNumber(oldAddress)} has what is expected`;
    context.assumptions.push({ about: "memory-not-followed", words });
    return;
  }
  const isOther = expected.some(
    (byte, index) => !found.unknown?.[index] && byte !== found.bytes[index],
  );
  if (isOther) {
    const bytes = `expected:${toHex(expected)}, actual:${toHex(found.bytes)}`;
    fail("EINVAL", -22, "the code is not what is expected", [`expectation failed: ${bytes}`]);
  }
  const assume = (about: Assumption["about"], why: string) => {
    const words = `the code at ${hexNumber(oldAddress)}, which depends on ${why}, is as expected`;
    context.assumptions.push({ about, words });
  };
  if (found.unknown?.includes(UnknownByte.cpu)) assume("code-changed-at-boot", "the CPU");
  if (found.unknown?.includes(UnknownByte.place)) {
    assume("payload-place", "where Xen puts a payload");
  }
}
