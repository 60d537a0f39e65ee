// Payloads on top of code that a payload below brought, and that no hypervisor has: only source patches
// make such. Scenarios of modes.test.ts. Not a test.

import assert from "node:assert/strict";
import { fetchCorpusSource } from "../build-corpus-source.ts";
import { versions } from "../compile-bench.ts";
import { call } from "../host-under-test.ts";
import { buildChange, versionFile } from "./makers.ts";
import { act, independent, refused, type Scenarios, type Stage } from "./stage.ts";

export const broughtScenarios: Scenarios = {
  "--on replaces code that a payload brought, and goes on with its data": replacesBrought,
  "--mode independent --on shares what the lower one brought with nobody": coversBrought,
};

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
