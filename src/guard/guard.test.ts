import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter } from "../bytes/byte-writer.ts";
import { emitPayload } from "../payload/emit/emit.ts";
import { inspectPayload } from "../payload/inspect.ts";
import { writeAlternative } from "../xen-abi/alternatives.ts";
import { GuardError } from "./errors.ts";
import { fileBytesOf, guardsFor } from "./guard.ts";
import type { GuardedFunction, GuardImage, GuardPlan, GuardRequest } from "./plan.ts";

const TEXT = 0xffff82d040200000n;
const ALTERNATIVES = TEXT + 0x10000n;
const CALL_SITES = TEXT + 0x20000n;

interface Fixture {
  readonly code?: Uint8Array;
  /** Start and length of what boot rewrites, from the start of the code; the last byte is padding. */
  readonly alternatives?: readonly (readonly [start: number, length: number])[];
  readonly callSites?: readonly number[];
  readonly architecture?: GuardImage["architecture"];
  readonly ambiguous?: readonly string[];
}

/** 100 bytes that differ from each other, behind which there is nothing. */
const plainCode = Uint8Array.from({ length: 100 }, (_, index) => index + 1);
const markedCode = Uint8Array.from(plainCode);
markedCode.set([0xf3, 0x0f, 0x1e, 0xfa]);

function imageOf(fixture: Fixture = {}): GuardImage {
  const { code = plainCode, alternatives = [], callSites, architecture = "x86_64" } = fixture;
  const table = new ByteWriter();
  for (const [start, length] of alternatives) {
    const entry = { replacementOffset: 0, feature: 1, replacementSize: 1 };
    const originalOffset = Number(TEXT + BigInt(start) - (ALTERNATIVES + BigInt(table.length)));
    const isArm = architecture === "aarch64";
    const sizes = isArm
      ? { originalSize: length, paddingSize: undefined }
      : { originalSize: length - 1, paddingSize: 1 };
    writeAlternative(table, { ...entry, originalOffset, ...sizes });
  }
  const sites = new ByteWriter();
  for (const start of callSites ?? []) {
    sites.i32(Number(TEXT + BigInt(start) - (CALL_SITES + BigInt(sites.length))));
  }
  const memory = [
    { address: TEXT, bytes: code },
    { address: ALTERNATIVES, bytes: table.toBytes() },
    { address: CALL_SITES, bytes: sites.toBytes() },
  ];
  const callMarkers = [
    ["__alt_call_sites_start", CALL_SITES],
    ["__alt_call_sites_end", CALL_SITES + BigInt(sites.length)],
  ] as const;
  const symbols = [
    ["__alt_instructions", ALTERNATIVES],
    ["__alt_instructions_end", ALTERNATIVES + BigInt(table.length)],
    ...(callSites === undefined ? [] : callMarkers),
  ] as const;
  return {
    source: "xen-syms",
    architecture,
    byName: new Map(symbols.map(([name, address]) => [name, { address }])),
    ambiguous: new Set(fixture.ambiguous),
    bytesAt: (address, length) => {
      const found = memory.find(
        (part) => part.address <= address && address < part.address + BigInt(part.bytes.length),
      );
      assert.ok(found, `${address} is mapped`);
      const start = Number(address - found.address);
      return found.bytes.subarray(start, start + length);
    },
  };
}

function plan(
  fixture: Fixture,
  more: Partial<GuardedFunction> = {},
  level: GuardRequest["level"] = "full",
): GuardPlan {
  const target: GuardedFunction = {
    name: "f",
    address: TEXT,
    sizeBytes: 100,
    role: "replaced",
    below: "hypervisor",
    ...more,
  };
  const image = imageOf(fixture);
  return guardsFor({ image, release: undefined, functions: [target], level });
}

/** `offset+length` of each entry. */
function entries({ guards }: GuardPlan): readonly string[] {
  return guards.map(({ oldOffset, bytes }) => `${oldOffset}+${bytes.length}`);
}

function leftOut({ unguarded }: GuardPlan): readonly string[] {
  return unguarded.map(({ offset, sizeBytes, reason }) => `${offset}+${sizeBytes} ${reason}`);
}

test("guardsFor() compares a whole function, 31 bytes at a time, and names each place", () => {
  const found = plan({});
  assert.deepEqual(entries(found), ["0+31", "31+31", "62+31", "93+7"]);
  assert.deepEqual(leftOut(found), []);
  assert.deepEqual(found.guards[1], {
    label: "f+31",
    oldName: "f",
    oldOffset: 31,
    bytes: plainCode.slice(31, 62),
  });
});

test("guardsFor() leaves out what boot rewrites, with its padding, and an ENDBR64 at the entry", () => {
  const alternatives = [
    [20, 5],
    [22, 8],
    [96, 10],
  ] as const;
  const found = plan({ code: markedCode, alternatives });
  assert.deepEqual(entries(found), ["4+16", "30+31", "61+31", "92+4"]);
  assert.deepEqual(leftOut(found), ["0+4 landing-mark", "20+10 boot-change", "96+4 boot-change"]);
});

test("guardsFor() leaves out the call sites that boot makes direct, from Xen 4.21 on", () => {
  assert.deepEqual(leftOut(plan({ callSites: [40, 60] })), [
    "40+6 boot-change",
    "60+6 boot-change",
  ]);
});

test("guardsFor() expects the jump of a payload below, but not where it leads", () => {
  const found = plan({ code: markedCode }, { below: "payload" });
  assert.deepEqual(entries(found), ["4+1", "9+31", "40+31", "71+29"]);
  assert.deepEqual(found.guards[0]?.bytes, Uint8Array.of(0xe9));
  assert.deepEqual(leftOut(found), ["0+4 landing-mark", "5+4 jump-below"]);
});

test("guardsFor() expects the jump over an ENDBR64 where Xen does not know of those", () => {
  const target = { name: "f", address: TEXT, sizeBytes: 100, role: "replaced" } as const;
  const functions = [{ ...target, below: "payload" }] as const;
  const release = { major: 4, minor: 14, point: 4 };
  const image = imageOf({ code: markedCode });
  const found = guardsFor({ image, release, functions, level: "full" });
  assert.deepEqual(entries(found).slice(0, 2), ["0+1", "5+31"]);
});

test("guardsFor() expects that jump also where boot has rewritten the entry before", () => {
  const found = plan({ alternatives: [[0, 3]] }, { below: "payload" });
  assert.deepEqual(entries(found).slice(0, 2), ["0+1", "5+31"]);
});

test("guardsFor() tolerates a jump at the entry of what is merely relied on", () => {
  assert.deepEqual(leftOut(plan({}, { role: "relied" })), ["0+5 replaceable-entry"]);
  assert.deepEqual(leftOut(plan({ code: markedCode }, { role: "relied" })), [
    "0+4 landing-mark",
    "4+5 replaceable-entry",
  ]);
});

test("guardsFor() looks at the entry alone of what is merely called, in one place", () => {
  for (const level of ["full", "entry"] as const) {
    assert.deepEqual(entries(plan({}, { role: "called" }, level)), ["0+31"]);
    assert.deepEqual(entries(plan({ code: markedCode }, { role: "called" }, level)), ["4+31"]);
    assert.deepEqual(leftOut(plan({}, { role: "called" }, level)), []);
  }
  const below = plan({}, { role: "called", below: "payload" });
  assert.deepEqual(entries(below), ["0+1", "5+26"]);
});

test("guardsFor() looks at first bytes of what is replaced only, when asked for entries", () => {
  assert.deepEqual(entries(plan({}, {}, "entry")), ["0+31"]);
  assert.deepEqual(entries(plan({ code: markedCode }, {}, "entry")), ["4+31"]);
  assert.deepEqual(leftOut(plan({}, {}, "entry")), ["31+69 not-asked-for"]);
  assert.deepEqual(entries(plan({}, { role: "relied" }, "entry")), []);
});

test("guardsFor() knows the jump and the alternatives of Arm", () => {
  const alternatives = [[40, 4]] as const;
  const found = plan({ architecture: "aarch64", alternatives }, { below: "payload" });
  assert.deepEqual(entries(found), ["4+28", "32+8", "44+28", "72+28"]);
  assert.deepEqual(leftOut(found), ["0+4 jump-below", "40+4 boot-change"]);
});

test("guardsFor() says what it cannot guard for want of a name or a size", () => {
  assert.deepEqual(leftOut(plan({ ambiguous: ["f"] })), ["0+100 no-name"]);
  assert.deepEqual(leftOut(plan({}, { sizeBytes: 0 })), ["0+0 no-name"]);
});

test("guardsFor() refuses an image that does not tell what boot changes", () => {
  const image = { ...imageOf(), byName: new Map() };
  const request = { image, release: undefined, functions: [], level: "full" } as const;
  assert.throws(() => guardsFor(request), codeOf("guard/bad-image"));
});

test("guardsFor() refuses more old code than a payload carries, and names the largest", () => {
  const size = 450_000;
  const code = new Uint8Array(size).fill(0x90);
  assert.throws(
    () => plan({ code }, { name: "huge", sizeBytes: size }),
    (error: unknown) => {
      assert.ok(codeOf("guard/too-large")(error));
      assert.match(String(error), /"huge" with \d+ bytes/);
      return true;
    },
  );
});

test("fileBytesOf() says what guards add to a payload's file", () => {
  const { guards } = plan({});
  const fileOf = (count: number) => {
    const { bytes } = emitPayload({
      architecture: "x86_64",
      payloadVersion: 2,
      objects: [],
      replacements: [],
      hooks: [],
      stacking: { mode: "stack", guard: "full", marker: "none", requires: [] },
      depends: new Uint8Array(20),
      xenDepends: new Uint8Array(20),
      metadata: [],
      funcsAccess: "read-only",
      guards: guards.slice(0, count),
    });
    assert.deepEqual(inspectPayload(bytes, "guards").findings, []);
    return bytes.length;
  };
  const added = fileBytesOf(guards.slice(1));
  assert.ok(Math.abs(fileOf(guards.length) - fileOf(1) - added) <= 8, "but for alignment");
});

const codeOf = (code: string) => (error: unknown) =>
  error instanceof GuardError && error.report.code === code;
