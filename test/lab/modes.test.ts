// The three ways in which payloads stand among others, on real hypervisors: payloads that overlap in
// part, in right and wrong orders, and that take each other's place. From source patches on the Xen of
// which there is a source, from C on older and newer ones.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { HostError } from "../../src/host/errors.ts";
import type { Action, ActOptions } from "../../src/host/host.ts";
import { fetchCorpusSource, whyNoCorpusSource } from "./build-corpus-source.ts";
import { type Bench, call, openBench, versions } from "./compile-bench.ts";
import { actOptions } from "./host-under-test.ts";
import {
  buildChange,
  type MakePayload,
  makerFromC,
  makerFromPatches,
  onceEach,
  versionFile,
} from "./modes-makers.ts";
import { describeOnXen } from "./why-no-xen.ts";

/** For preparing a base on a busy machine; it takes 20 s on a quiet one. */
const timeout = 300_000;
const independent: ActOptions = { ...actOptions, dependencyCheck: "hypervisor-only" };

interface Stage {
  readonly bench: Bench;
  readonly make: MakePayload;
}

type Scenario = (stage: Stage) => Promise<void>;

await describeModes("4.14", async (bench) => makerFromC(bench));
const noSource = await whyNoCorpusSource();
if (noSource === false) {
  await describeModes("4.17", async () => makerFromPatches(await fetchCorpusSource()), {
    replacesBrought,
    coversBrought,
  });
} else {
  test("build --mode on Xen 4.17", { skip: noSource });
}
await describeModes("4.20", async (bench) => makerFromC(bench));

async function describeModes(
  xen: string,
  openMaker: (bench: Bench) => Promise<MakePayload>,
  fromSource?: Readonly<Record<"replacesBrought" | "coversBrought", Scenario>>,
): Promise<void> {
  await describeOnXen(xen, `modes on Xen ${xen}`, () => {
    let stage: Stage | undefined;
    before(
      async () => {
        const bench = await openBench(xen);
        stage = { bench, make: onceEach(await openMaker(bench)) };
      },
      { timeout },
    );
    after(() => stage?.bench.close());
    const scenario = (title: string, body: Scenario) =>
      test(title, { timeout }, async () => {
        assert.ok(stage);
        const untouched = await stateOf(stage.bench);
        await body(stage);
        assert.deepEqual(await stateOf(stage.bench), untouched, "the host is as it was");
        assert.deepEqual(await stage.bench.host.list(call), []);
      });
    scenario("--mode stack goes on exactly what it was built on, and back", stacks);
    scenario("--mode independent goes in any order, unless payloads overlap", goesAnywhere);
    scenario("--mode independent --on goes on top of that payload, and nowhere else", requires);
    scenario("--mode independent --on shares a function of the lower one with nobody", coversOnce);
    scenario("--mode stack on independent ones wants all of them, the lowest too", requiresAll);
    scenario("--mode cumulative takes the place of all others, and gives it back", replaces);
    if (fromSource !== undefined) {
      const { replacesBrought, coversBrought } = fromSource;
      scenario(
        "--on replaces code that a payload brought, and goes on with its data",
        replacesBrought,
      );
      scenario(
        "--mode independent --on shares what the lower one brought with nobody",
        coversBrought,
      );
    }
  });
}

async function stacks({ bench, make }: Stage): Promise<void> {
  const first = await make("stack", { extra: ".a" }, []);
  const second = await make("stack", { extra: ".b", changeset: "b" }, [first]);
  const third = await make("stack", { changeset: "c" }, [first, second]);
  const names = ["first", "second", "third"];
  for (const [index, { bytes }] of [first, second, third].entries()) {
    await bench.host.upload(names[index] ?? "", bytes, call);
  }
  const [, changeset] = await versions(bench);
  await refused(bench, "second");
  await refused(bench, "third");
  await act(bench, "apply", "first");
  assert.deepEqual(await versions(bench), [".a", changeset]);
  await refused(bench, "third");
  await act(bench, "apply", "second");
  assert.deepEqual(await versions(bench), [".b", "b"]);
  await act(bench, "apply", "third");
  assert.deepEqual(await versions(bench), [".b", "c"]);
  await refused(bench, "first", "revert");
  for (const name of names.toReversed()) await act(bench, "revert", name);
  for (const name of names.toReversed()) await act(bench, "unload", name);
}

async function requiresAll({ bench, make }: Stage): Promise<void> {
  const one = await make("independent", { extra: ".one" }, []);
  const other = await make("independent", { changeset: "other" }, []);
  const upper = await make("stack", { extra: ".upper" }, [one, other]);
  const stranger = await make("independent", { extra: ".stranger" }, []);
  const all = Object.entries({ one, other, stranger, upper });
  for (const [name, { bytes }] of all) await bench.host.upload(name, bytes, call);
  // A jump is where "one" would have put it, and "other" is on top: all but the marker is as expected.
  for (const name of ["stranger", "other"]) await act(bench, "apply", name, independent);
  await refused(bench, "upper");
  for (const name of ["other", "stranger"]) await act(bench, "revert", name);
  for (const name of ["one", "other"]) await act(bench, "apply", name, independent);
  await act(bench, "apply", "upper");
  assert.deepEqual(await versions(bench), [".upper", "other"]);
  for (const name of ["upper", "other", "one"]) await act(bench, "revert", name);
  for (const [name] of all.toReversed()) await act(bench, "unload", name);
}

async function goesAnywhere({ bench, make }: Stage): Promise<void> {
  const one = await make("independent", { extra: ".one" }, []);
  const other = await make("independent", { changeset: "other" }, []);
  const both = await make("independent", { extra: ".both", changeset: "both" }, []);
  const all = Object.entries({ one, other, both });
  for (const [name, { bytes }] of all) await bench.host.upload(name, bytes, call);
  for (const order of [
    ["one", "other"],
    ["other", "one"],
  ] as const) {
    for (const name of order) await act(bench, "apply", name, independent);
    assert.deepEqual(await versions(bench), [".one", "other"]);
    await refused(bench, "both", "apply", independent);
    await act(bench, "revert", order[1]);
    await refused(bench, "both", "apply", independent);
    await act(bench, "revert", order[0]);
  }
  await act(bench, "apply", "both", independent);
  assert.deepEqual(await versions(bench), [".both", "both"]);
  await refused(bench, "one", "apply", independent);
  await refused(bench, "other", "apply", independent);
  await act(bench, "revert", "both");
  for (const [name] of all) await act(bench, "unload", name);
}

async function requires({ bench, make }: Stage): Promise<void> {
  const one = await make("independent", { extra: ".one" }, []);
  const other = await make("independent", { changeset: "other" }, []);
  const onTop = await make("independent", { extra: ".two" }, [one]);
  await assert.rejects(bench.host.upload("top", onTop.bytes, call), HostError);
  await bench.host.upload("one", one.bytes, call);
  await bench.host.upload("other", other.bytes, call);
  await bench.host.upload("top", onTop.bytes, call);
  await refused(bench, "top", "apply", independent);
  await act(bench, "apply", "one", independent);
  await act(bench, "apply", "other", independent);
  await act(bench, "apply", "top", independent);
  assert.deepEqual(await versions(bench), [".two", "other"]);
  for (const name of ["top", "other", "one"]) await act(bench, "revert", name);
  await refused(bench, "top", "apply", independent);
  for (const name of ["top", "other", "one"]) await act(bench, "unload", name);
}

/** At the entry both see a jump, and Xen could not tell whose it is. */
async function coversOnce({ bench, make }: Stage): Promise<void> {
  const base = await make("independent", { extra: ".base" }, []);
  const one = await make("independent", { extra: ".one" }, [base]);
  const other = await make("independent", { extra: ".other" }, [base]);
  const beside = await make("independent", { changeset: "beside" }, [base]);
  const upper = await make("independent", { extra: ".upper" }, [base, one]);
  const all = Object.entries({ base, one, other, beside, upper });
  for (const [name, { bytes }] of all) await bench.host.upload(name, bytes, call);
  for (const name of ["base", "beside", "one"]) await act(bench, "apply", name, independent);
  assert.deepEqual(await versions(bench), [".one", "beside"]);
  await assert.rejects(
    bench.host.act("apply", "other", independent),
    (error) =>
      error instanceof HostError &&
      error.errno === 22 &&
      error.unexpectedCode?.expected === "cc" &&
      error.unexpectedCode.actual === "90",
  );
  await refused(bench, "other", "apply", independent);
  await act(bench, "apply", "upper", independent);
  assert.deepEqual(await versions(bench), [".upper", "beside"]);
  await refused(bench, "other", "apply", independent);
  for (const name of ["upper", "one"]) await act(bench, "revert", name);
  await act(bench, "apply", "other", independent);
  assert.deepEqual(await versions(bench), [".other", "beside"]);
  for (const name of ["one", "upper"]) await refused(bench, name, "apply", independent);
  for (const name of ["other", "beside", "base"]) await act(bench, "revert", name);
  for (const [name] of all.toReversed()) await act(bench, "unload", name);
}

async function replaces({ bench, make }: Stage): Promise<void> {
  const [, changeset] = await versions(bench);
  const first = await make("stack", { extra: ".a" }, []);
  const second = await make("stack", { extra: ".b", changeset: "b" }, [first]);
  const small = await make("cumulative", { extra: ".small" }, []);
  const large = await make("cumulative", { extra: ".large", changeset: "large" }, []);
  const all = Object.entries({ first, second, small, large });
  for (const [name, { bytes }] of all) await bench.host.upload(name, bytes, call);
  await act(bench, "apply", "first");
  await act(bench, "apply", "second");
  await act(bench, "replace", "large");
  assert.deepEqual(await versions(bench), [".large", "large"]);
  await act(bench, "replace", "small");
  assert.deepEqual(await versions(bench), [".small", changeset]);
  await act(bench, "replace", "large");
  await act(bench, "revert", "large");
  for (const [name] of all.toReversed()) await act(bench, "unload", name);
}

/** Of what the lower one brought nothing else tells them apart, not even a jump. */
async function coversBrought({ bench }: Stage): Promise<void> {
  const source = await fetchCorpusSource();
  const text = versionFile(source);
  const first = text.replace(
    "const char *xen_extra_version(void)\n{\n    return XEN_EXTRAVERSION;",
    `const char *extra_answer(void);
noinline const char *extra_answer(void)
{
    return "+first";
}

const char *xen_extra_version(void)
{
    return extra_answer();`,
  );
  const mode = "independent";
  const base = await buildChange(source, { mode, change: { from: text, to: first }, below: [] });
  const make = (answer: string) => {
    const to = first.replace('"+first"', `"${answer}"`);
    return buildChange(source, { mode, change: { from: first, to }, below: [{ bytes: base }] });
  };
  await bench.host.upload("base", base, call);
  for (const name of ["one", "other"]) await bench.host.upload(name, await make(`+${name}`), call);
  await act(bench, "apply", "base", independent);
  for (const [first, second] of [
    ["one", "other"],
    ["other", "one"],
  ] as const) {
    await act(bench, "apply", first, independent);
    assert.equal(await bench.client.extraVersion(), `+${first}`);
    await refused(bench, second, "apply", independent);
    await act(bench, "revert", first);
  }
  for (const name of ["other", "one"]) await act(bench, "unload", name);
  await act(bench, "revert", "base");
  await act(bench, "unload", "base");
}

/** The entry of what a payload brought lies in that payload, where Xen writes a jump as well. */
async function replacesBrought({ bench }: Stage): Promise<void> {
  const source = await fetchCorpusSource();
  const text = versionFile(source);
  const brought = `static unsigned int answers;
const char *extra_answer(void);
const char *extra_answer(void)
{
    static const char *const texts[] = { "+0", "+1", "+2", "+3" };

    return texts[answers++ % 4];
}

const char *xen_extra_version(void)
{
    return extra_answer();`;
  const first = text.replace(
    "const char *xen_extra_version(void)\n{\n    return XEN_EXTRAVERSION;",
    brought,
  );
  const second = first
    .replace("answers++ % 4];", "answers++ % 4] + 1;")
    .replace("return XEN_CHANGESET;", "return extra_answer();");
  const mode = "stack";
  const one = await buildChange(source, { mode, change: { from: text, to: first }, below: [] });
  const below = [{ bytes: one }];
  const two = await buildChange(source, { mode, change: { from: first, to: second }, below });
  await bench.host.upload("one", one, call);
  await bench.host.upload("two", two, call);
  await act(bench, "apply", "one");
  assert.equal(await bench.client.extraVersion(), "+0");
  await act(bench, "apply", "two");
  assert.deepEqual(await versions(bench), ["1", "2"]);
  await act(bench, "revert", "two");
  assert.equal(await bench.client.extraVersion(), "+3");
  await act(bench, "unload", "two");
  await act(bench, "revert", "one");
  await act(bench, "unload", "one");
}

async function act(
  { host }: Bench,
  action: Action,
  name: string,
  options: ActOptions = actOptions,
): Promise<void> {
  const { result } = await host.act(action, name, options);
  assert.equal(result, "done", `${action} ${name}`);
}

/** With nothing changed. */
async function refused(
  bench: Bench,
  name: string,
  action: Action = "apply",
  options: ActOptions = actOptions,
): Promise<void> {
  const before = await stateOf(bench);
  await assert.rejects(bench.host.act(action, name, options), HostError, `${action} ${name}`);
  assert.deepEqual(await stateOf(bench), before);
}

/** What the calls answer, and the code behind them, read from outside. */
async function stateOf(bench: Bench): Promise<readonly unknown[]> {
  const hash = createHash("sha256");
  for (const name of ["xen_extra_version", "xen_changeset"]) {
    const { address, sizeBytes } = bench.xen.byName.get(name) ?? assert.fail(name);
    hash.update(await bench.lab.readHypervisor(address, sizeBytes));
  }
  return [await versions(bench), hash.digest("hex")];
}
