// The columns of the matrix: what is tried on each base. A cell that passes says what it saw.

import assert from "node:assert/strict";
import { HostError } from "../../src/host/errors.ts";
import type { Action } from "../../src/host/host.ts";
import { mutationCase, standardCases } from "../lab/differential-cases.ts";
import { describeFinding, playCases } from "../lab/differential-run.ts";
import { Twins } from "../lab/differential-twins.ts";
import { actOptions, call } from "../lab/host-under-test.ts";
import type { Bench, MadePayload } from "./bench.ts";
import { answers, type Fix, header, newStatic, otherFunction, specialSections } from "./fixes.ts";

export interface Cell {
  readonly name: string;
  /** For docs/bases.md. */
  readonly title: string;
  /** Its payloads, before a lab is there: one that waits would take time from the compiler. */
  readonly make: (bench: Bench) => Promise<readonly MadePayload[]>;
  readonly run: (bench: Bench, made: readonly MadePayload[]) => Promise<string>;
}

const nothing: Cell["make"] = async () => [];

export const cells: readonly Cell[] = [
  {
    name: "boots",
    title: "boots in the lab, and is the build that the base names",
    make: nothing,
    run: boots,
  },
  { name: "compile", title: "`compile`: a function by hand-written C", ...compiled() },
  { name: "c", title: "`build`: a function of a `.c` file", ...fixed("c", answers("+fix")) },
  {
    name: "static",
    title: "`build`: a static function with a new static variable",
    ...fixed("static", newStatic),
  },
  {
    name: "header",
    title: "`build`: a macro of a header that most objects read",
    ...fixed("header", header),
  },
  {
    name: "special",
    title: "`build`: code with exception table, alternatives and a bug frame",
    ...fixed("special", specialSections),
  },
  { name: "stack", title: "two payloads, the second built on the first", ...stacked() },
  {
    name: "cumulative",
    title: "a payload replaced by a cumulative one with two fixes",
    ...replaced(),
  },
  {
    name: "independent",
    title: "two independent payloads, applied in both orders",
    ...inAnyOrder(),
  },
  {
    name: "check",
    title: "the model beside this Xen: a payload for each of Xen's checks, and mutations",
    make: nothing,
    run: agrees,
  },
];

type Work = Pick<Cell, "make" | "run">;

async function boots(bench: Bench): Promise<string> {
  const { host } = await bench.trial();
  const { version, buildId, compiler } = await host.info(call);
  assert.equal(buildId, bench.on.base.buildId, "the build-id of what runs");
  return `${version.major}.${version.minor}${version.extra}, ${compiler ?? "compiler unknown"}`;
}

function compiled(): Work {
  const { shows } = answers("+compiled");
  const c = 'const char *xen_extra_version(void)\n{\n    return ".0+compiled";\n}\n';
  return {
    make: async (bench) => [await bench.compile("compiled", c)],
    run: (bench, [made]) => live(bench, made, shows),
  };
}

function fixed(name: string, fix: Fix): Work {
  return {
    make: async (bench) => [await bench.build(name, [fix])],
    run: (bench, [made]) => live(bench, made, fix.shows),
  };
}

/** The whole life of one payload, which `check` takes, as Xen does. */
async function live(
  bench: Bench,
  made: MadePayload | undefined,
  shows: Fix["shows"],
): Promise<string> {
  assert.ok(made);
  const { accepts, hazards } = await bench.check([made]);
  assert.ok(accepts, "xsplice check takes it");
  const trial = await bench.trial();
  await see(bench, shows, "without");
  await trial.upload(made.name, made.bytes);
  await trial.act("apply", made.name);
  await see(bench, shows, "with");
  await trial.act("revert", made.name);
  await see(bench, shows, "without");
  await trial.act("unload", made.name);
  await isQuiet(bench);
  return told(made) + (hazards.length === 0 ? "" : `; check tells ${hazards.join(", ")}`);
}

function stacked(): Work {
  const fix = answers("+first");
  return {
    make: async (bench) => {
      const first = await bench.build("first", [fix]);
      return [first, await bench.build("second", [otherFunction], ["--on", first.path])];
    },
    run: async (bench, [first, second]) => {
      assert.ok(first && second);
      const [both, alone] = [await bench.check([first, second]), await bench.check([second])];
      assert.ok(both.accepts, "xsplice check takes the second on the first");
      assert.ok(!alone.accepts, "xsplice check refuses the second alone");
      const trial = await bench.trial();
      for (const { name, bytes } of [first, second]) await trial.upload(name, bytes);
      await refusedByXen(bench, "apply", second.name);
      for (const { name } of [first, second]) await trial.act("apply", name);
      for (const { shows } of [fix, otherFunction]) await see(bench, shows, "with");
      await refusedByXen(bench, "revert", first.name);
      for (const { name } of [second, first]) await trial.act("revert", name);
      for (const { shows } of [fix, otherFunction]) await see(bench, shows, "without");
      for (const { name } of [second, first]) await trial.act("unload", name);
      await isQuiet(bench);
      return "the second alone refused by both; the first cannot be reverted below it";
    },
  };
}

function replaced(): Work {
  const [one, two] = [answers("+one"), answers("+two")];
  const fixes = [two, otherFunction];
  const mode = ["--mode", "cumulative"];
  return {
    make: async (bench) => {
      const before = await bench.build("before", [one], mode);
      return [before, await bench.build("after", fixes, [...mode, "--previous", before.path])];
    },
    run: async (bench, [before, after]) => {
      assert.ok(before && after);
      const { accepts } = await bench.check([before, after], ["--action", "replace"]);
      assert.ok(accepts, "xsplice check takes the replacement");
      const trial = await bench.trial();
      for (const { name, bytes } of [before, after]) await trial.upload(name, bytes);
      await trial.act("apply", before.name);
      await see(bench, one.shows, "with");
      await trial.act("replace", after.name);
      for (const { shows } of fixes) await see(bench, shows, "with");
      await trial.act("revert", after.name);
      for (const { shows } of fixes) await see(bench, shows, "without");
      for (const { name } of [before, after]) await trial.act("unload", name);
      await isQuiet(bench);
      return told(after);
    },
  };
}

function inAnyOrder(): Work {
  // Of two files: in one, a compiler may put both functions into a third, which only one may replace.
  const fixes = [answers("+alone"), specialSections] as const;
  const mode = ["--mode", "independent"];
  return {
    make: async (bench) => [
      await bench.build("alone", [fixes[0]], mode),
      await bench.build("other", [fixes[1]], mode),
    ],
    run: async (bench, made) => {
      const trial = await bench.trial();
      for (const { name, bytes } of made) await trial.upload(name, bytes);
      for (const order of [made, made.toReversed()]) {
        const { accepts } = await bench.check(order, ["--nodeps"]);
        assert.ok(accepts, "xsplice check takes them in this order");
        const options = { ...actOptions, dependencyCheck: "hypervisor-only" } as const;
        for (const { name } of order) await trial.act("apply", name, options);
        for (const { shows } of fixes) await see(bench, shows, "with");
        for (const { name } of order.toReversed()) await trial.act("revert", name);
        for (const { shows } of fixes) await see(bench, shows, "without");
      }
      for (const { name } of made) await trial.act("unload", name);
      await isQuiet(bench);
      return "in both orders";
    },
  };
}

async function agrees(bench: Bench): Promise<string> {
  await bench.renew(); // Two labs at a time would be one too many.
  await using twins = await Twins.open(bench.on.base.title, bench.labOptions());
  const source = { xen: twins.xen, boot: twins.boot.bind(twins) };
  const { mutations } = bench.options;
  const cases = [
    ...standardCases(source),
    ...Array.from({ length: mutations }, (_, seed) => mutationCase(source, `bases-${seed}`)),
  ];
  const findings: string[] = [];
  const counts = await playCases(twins, cases, (one) => findings.push(describeFinding(one)));
  assert.deepEqual(findings, []);
  return `${counts.agree} alike, ${counts.deadly} that would kill it, ${counts.notJudged} not judged`;
}

async function see(bench: Bench, shows: Fix["shows"], state: "without" | "with"): Promise<void> {
  assert.match(await shows.probe(await bench.probed()), shows[state], `${state} the fix`);
}

async function refusedByXen(bench: Bench, action: Action, name: string): Promise<void> {
  const trial = await bench.trial();
  await assert.rejects(trial.host.act(action, name, actOptions), HostError, `${action} ${name}`);
  await trial.listen(); // What it says to that is no complaint.
}

/** A hypervisor that took everything, but not in silence, is none that passes. */
async function isQuiet(bench: Bench): Promise<void> {
  const { complaints } = await bench.trial();
  assert.deepEqual(complaints.splice(0), []);
}

function told({ objects, functions, bytes }: MadePayload): string {
  // compile tells neither.
  const counts = objects > 0 ? `${functions} functions from ${objects} objects, ` : "";
  return `${counts}${bytes.length} bytes`;
}
