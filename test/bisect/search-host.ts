// Where bisections are tried: the model of a small hypervisor, bare or busy with payloads of others; a series
// of fixes, each of which changes one function more, with payloads of the real emitter; a check that fails
// from one of them on; and what the search asked, told and kept. Not a test.

import assert from "node:assert/strict";
import type { BisectEffects, BisectEvent } from "../../src/bisect/bisect.ts";
import { BISECT_NAME_PREFIX, type BisectFile } from "../../src/bisect/move-host.ts";
import type { BuiltPrefix } from "../../src/bisect/probe-prefix.ts";
import { type BisectRecord, decodeRecord, encodeRecord } from "../../src/bisect/record.ts";
import { XspliceError } from "../../src/error.ts";
import { ModelHost } from "../../src/hosts/model.ts";
import { parsePayload } from "../../src/payload/parse.ts";
import { factsOfPayload } from "../../src/plan/facts.ts";
import { JournalledHost } from "../../src/plan/journalled-host.ts";
import {
  FUNCTION_SIZE,
  functionNames,
  syntheticModel,
  TEXT_START,
  XEN_ID,
} from "../../src/xen-model/synthetic.test.support.ts";
import { type Design, type MadePayload, makePayload } from "../plan-payloads.ts";

export const call = { deadlineMs: 60_000 };
export const options = {
  ...call,
  quiesceMs: 30,
  freshData: "refuse",
  pause: async () => {},
} as const;
export const actOptions = { ...call, quiesceMs: 30, dependencyCheck: "whole-chain" } as const;
const functions = ["alpha", "beta", "gamma", "delta"] as const;

export const plain: Omit<Design, "name" | "functions" | "content"> = {
  mode: "cumulative",
  guard: "full",
  on: [],
  data: "none",
  hooks: [],
};

/** Of the first so many fixes: each changes one function more, and all bodies differ. */
export function payloadOf(prefix: number, more: Partial<Design> = {}): Uint8Array {
  const changed = functions.slice(0, Math.min(prefix, functions.length));
  return makePayload({
    ...plain,
    name: `fixes-${prefix}`,
    functions: changed,
    content: prefix,
    ...more,
  }).bytes;
}

export function subjectOf(count: number) {
  const fixes = Array.from({ length: count }, (_, index) => {
    return { name: `fix-${index + 1}.patch`, digest: `${index}`.padStart(64, "0") };
  });
  return { fixes, check: "health", xenBuildId: XEN_ID };
}

export function openHost() {
  const inner = new ModelHost(syntheticModel());
  const { host } = JournalledHost.around(inner, {
    now: () => new Date(0),
    factsOf: (bytes, name) => factsOfPayload(parsePayload(bytes, name)),
    onTrouble: (error) => {
      throw error;
    },
    onSetAside: (place) => assert.fail(place),
  });
  return { inner, host };
}

type Opened = ReturnType<typeof openHost>;

interface Play {
  /** The first fix with which the check fails. */
  readonly fault: number;
  readonly build?: (prefix: number) => BuiltPrefix;
  readonly check?: (prefix: number) => number;
}

/** What was asked, in order, and what was kept. */
interface Told {
  readonly checked: number[];
  readonly events: BisectEvent[];
  readonly saved: BisectRecord[];
}

export function effectsOf({ inner }: Opened, { fault, build, check }: Play): BisectEffects & Told {
  const told: Told = { checked: [], events: [], saved: [] };
  let clock = 0;
  return {
    ...told,
    build: async (prefix) => build?.(prefix) ?? { kind: "built", bytes: payloadOf(prefix) },
    check: async (prefix) => {
      told.checked.push(prefix);
      assert.deepEqual(namesOf(inner), prefix === 0 ? [] : [prefix], "only this prefix is applied");
      return { exitCode: check?.(prefix) ?? (prefix < fault ? 0 : 1), output: "no answer" };
    },
    save: async (record) => {
      told.saved.push(decodeRecord(encodeRecord(record), "the record"));
    },
    onEvent: (event) => told.events.push(event),
    now: () => clock++,
  };
}

/** Prefixes of which payloads are applied. */
function namesOf({ model }: ModelHost): readonly (number | string)[] {
  return model.applied.map((name) => {
    const [, prefix] = new RegExp(`^${BISECT_NAME_PREFIX}(\\d+)-`).exec(name) ?? [];
    return prefix === undefined ? name : Number(prefix);
  });
}

/** What is loaded, in which states, and the hypervisor's code. */
export function stateOf({ inner }: Opened): readonly unknown[] {
  const sizeBytes = functionNames.length * FUNCTION_SIZE;
  return [inner.model.list(), inner.model.applied, inner.model.read(TEXT_START, sizeBytes)];
}

const lower = makePayload({ ...plain, name: "lower", functions: ["alpha"], content: 101 });
const upper = makePayload({
  ...plain,
  name: "upper",
  functions: ["alpha", "gamma"],
  content: 102,
  mode: "stack",
  on: [lower],
});
const spare = makePayload({ ...plain, name: "spare", functions: ["delta"], content: 103 });

/** Two payloads on each other, and one that is only loaded. */
export async function openBusyHost(): Promise<Opened> {
  const opened = openHost();
  for (const { name, bytes } of [spare, lower, upper]) await opened.host.upload(name, bytes, call);
  for (const { name } of [lower, upper]) await opened.host.act("apply", name, actOptions);
  return opened;
}

export function fileOf({ name, source, facts, bytes }: MadePayload): BisectFile {
  return { name, source, facts, bytes, payload: parsePayload(bytes, source) };
}

export const begin = { subject: subjectOf(7), record: undefined, files: [] };
export const codeIs = (code: string) => (error: unknown) =>
  error instanceof XspliceError && error.report.code === code;
