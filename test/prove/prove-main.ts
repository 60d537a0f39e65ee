// `npm run prove`: plays all triggers on all hypervisors, with payloads built from fixes of our own
// wording. The last line is JSON.

import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { XspliceError } from "../../src/error.ts";
import { makeTemporaryFolder } from "../../src/files/temporary-folder.ts";
import { writeWhole } from "../../src/files/write-whole.ts";
import { parsePayload } from "../../src/payload/parse.ts";
import { findTrigger, triggerNames } from "../../src/prove/find-trigger.ts";
import { type Proof, prove } from "../../src/prove/prove.ts";
import type { NamedPayload } from "../../src/prove/run.ts";
import type { Trigger } from "../../src/prove/trigger.ts";
import { whyNoXen } from "../lab/why-no-xen.ts";
import { Payloads } from "./payloads.ts";
import { debianBases, ownBase, type ProvedBase } from "./proved-base.ts";
import {
  mergeResults,
  type ProvedResult,
  readResults,
  renderResults,
  writeResults,
} from "./results.ts";

const USAGE = `usage: npm run prove [-- OPTION…]

  --only TRIGGER    only this one; repeat
  --on TEXT         only on hypervisors whose name contains this, such as 4.14
  --source FOLDER   the source of a hypervisor of yours, in place of Debian's; with
  --xen-syms FILE   its symbols,
  --config FILE     its configuration,
  --image FILE      its image, and
  --name TEXT       what it is called in docs/proofs.md

Exits 0 if every hole shows where it must and is closed where a payload can be built, 1 if not.
`;

const RESULTS = "docs/proofs.json";
const PAGE = "docs/proofs.md";
const DEADLINE_MS = 60_000;

const controller = new AbortController();
process.once("SIGINT", () => controller.abort());
process.once("SIGTERM", () => controller.abort());
const { signal } = controller;

function readOptions() {
  return parseArgs({
    options: {
      only: { type: "string", multiple: true, default: [] },
      on: { type: "string", default: "" },
      source: { type: "string" },
      "xen-syms": { type: "string" },
      config: { type: "string" },
      image: { type: "string" },
      name: { type: "string" },
      help: { type: "boolean", default: false },
    },
  }).values;
}

/** What is typed wrong is told with the usage, and nothing else. */
class WrongUse extends Error {}

function optionsOrWrongUse(): ReturnType<typeof readOptions> {
  try {
    return readOptions();
  } catch (error) {
    throw new WrongUse(error instanceof Error ? error.message : String(error));
  }
}

async function main(): Promise<number> {
  const values = optionsOrWrongUse();
  const { source, "xen-syms": xenSyms, config, image, name } = values;
  const own = { source, xenSyms, config, image, name };
  const missing = Object.entries(own).filter(([, value]) => value === undefined);
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (missing.length > 0 && missing.length < Object.keys(own).length) {
    const names = missing.map(([key]) => (key === "xenSyms" ? "--xen-syms" : `--${key}`));
    throw new WrongUse(`a hypervisor of yours also needs ${names.join(", ")}`);
  }
  const bases =
    source && xenSyms && config && image && name
      ? [ownBase({ source, xenSyms, config, image, name })]
      : debianBases;
  const wanted = values.only.length === 0 ? triggerNames() : values.only;
  const triggers = wanted.map(findTrigger); // Before anything is done.
  const chosen = bases.filter(({ name }) => name.includes(values.on));
  if (chosen.length === 0) {
    const names = bases.map(({ name }) => name).join(", ");
    throw new WrongUse(`no hypervisor has "${values.on}" in its name: there are ${names}`);
  }
  const startedAt = performance.now();
  const results: ProvedResult[] = [];
  for (const base of chosen) {
    const gone = base.lab.xen?.includes("/") ? false : await whyNoXen(base.lab.xen ?? "");
    if (gone !== false) {
      process.stderr.write(`${base.name} is left out: ${gone}\n`);
      continue;
    }
    results.push(...(await proveOn(base, triggers)));
  }
  const count = (kind: ProvedResult["result"]): number =>
    results.filter(({ result }) => result === kind).length;
  const [closed, notClosed] = [count("closed"), count("not-closed")];
  const shown = closed + notClosed + count("shown");
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  process.stdout.write(
    `${JSON.stringify({ triggers: wanted.length, shown, closed, notClosed, seconds })}\n`,
  );
  const wrongControl = results.some(({ control }) => (control ?? "not-closed") !== "not-closed");
  const surprises = results.filter(isSurprise);
  for (const { base, trigger, result } of surprises) {
    process.stderr.write(`${trigger}: its description does not expect "${result}" on ${base}\n`);
  }
  const isWrong = notClosed + count("not-shown") + surprises.length > 0 || wrongControl;
  return isWrong ? 1 : 0;
}

/** Of the lab's own releases, a description names those that have the hole. */
function isSurprise({ base, trigger, result }: ProvedResult): boolean {
  const xen = debianBases.find(({ name }) => name === base)?.lab.xen;
  if (xen === undefined) return false;
  const hasHole = !["no-hole", "lacking"].includes(result);
  return findTrigger(trigger).text.releases.includes(xen) !== hasHole;
}

async function proveOn(
  base: ProvedBase,
  triggers: readonly Trigger[],
): Promise<readonly ProvedResult[]> {
  using folder = makeTemporaryFolder("prove");
  const payloads = new Payloads(base, folder.path, signal);
  const results: ProvedResult[] = [];
  for (const trigger of triggers) {
    const startedAt = performance.now();
    const tell = (
      result: ProvedResult["result"],
      words: string,
      control: string | undefined = undefined,
    ): void => {
      const seconds = (performance.now() - startedAt) / 1000;
      const on = new Date().toISOString().slice(0, 10);
      results.push({ base: base.name, trigger: trigger.name, result, words, control, seconds, on });
      keep(results); // Each at once: ^C loses nothing.
      process.stderr.write(`${base.name}: ${trigger.name}: ${result}: ${words}\n`);
    };
    const open = await proveWith(base, trigger, []);
    const [first] = open.runs;
    if (first?.judged.kind !== "hole") {
      const kind = first?.judged.kind;
      const result = kind === "no-hole" || kind === "lacking" ? kind : "not-shown";
      tell(result, first?.judged.words ?? "no run");
      continue;
    }
    const built = await payloads.of(trigger);
    if (built.kind === "impossible") {
      tell("shown", `${first.judged.words}; ${built.because}`);
      continue;
    }
    const proof = await proveWith(base, trigger, [readNamed(built.path)]);
    const other = await payloads.thatDoesNotClose(trigger);
    const control = other && (await proveWith(base, trigger, [readNamed(other)])).verdict.kind;
    const words = proof.verdict.kind === "closed" ? first.judged.words : proof.verdict.because;
    tell(proof.verdict.kind, words, control);
  }
  return results;
}

function proveWith(
  base: ProvedBase,
  trigger: Trigger,
  payloads: readonly NamedPayload[],
): Promise<Proof> {
  return prove({ trigger, payloads, lab: base.lab, repeat: 1, deadlineMs: DEADLINE_MS, signal });
}

function readNamed(path: string): NamedPayload {
  const bytes = readFileSync(path);
  return { name: "fix", path, bytes, payload: parsePayload(bytes, path) };
}

function keep(results: readonly ProvedResult[]): void {
  const old = readResults(existsSync(RESULTS) ? readFileSync(RESULTS, "utf8") : undefined);
  const all = mergeResults(old, results);
  writeWhole(RESULTS, writeResults(all));
  writeWhole(PAGE, renderResults(all));
}

try {
  process.exitCode = await main();
} catch (error) {
  if (signal.aborted) {
    process.stderr.write("Stopped.\n");
    process.exitCode = 130;
  } else if (error instanceof WrongUse) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exitCode = 64;
  } else if (error instanceof XspliceError) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  } else throw error;
}
