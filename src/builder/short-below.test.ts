// A short function that a payload below brought: Xen's jump takes 5 bytes, and 9 only behind an ENDBR64.

import assert from "node:assert/strict";
import { createTwoFilesPatch } from "diff";
import { buildTest } from "../../test/why-no-build.ts";
import { parsePayload } from "../payload/parse.ts";
import { onHypervisor, readPayloadBelow } from "../running/payload-below.ts";
import { smallXen } from "../xen-make/small-xen.test.support.ts";
import { linkHypervisor, makeSmallBuild } from "./build.test.support.ts";
import { buildFix } from "./build.ts";

const path = "xen/common/start.c";
const original = smallXen[path] ?? "";

/** `tick` has 7 bytes; with the mark, 11. */
const withTick = (attribute: string, body: string): string =>
  `void tick(void);\n${attribute}void tick(void) { ${body} }\n${original}\nint ticked(void);\nint ticked(void) { tick(); return 1; }\n`;

const patch = (old: string, text: string) => ({
  name: "fix.patch",
  bytes: Buffer.from(createTwoFilesPatch(`a/${path}`, `b/${path}`, old, text)),
});

buildTest("buildFix() replaces a function of 7 bytes that a payload below brought", async (t) => {
  const small = makeSmallBuild(t, linkHypervisor());
  // Something that the hypervisor runs has to change, or there is no first payload.
  const first = withTick("", "").replace("return", "return 1 +");
  const below = await buildFix(
    small.options({}, { inputs: { patches: [patch(original, first)] } }),
  );
  assert.ok(below.payload, JSON.stringify(below.refusals));
  const foundation = {
    ...onHypervisor,
    payloads: [readPayloadBelow(below.payload.bytes, "below")],
  };
  const second = first.replace("{  }", "{ static int count; count++; }");
  const fix = await buildFix(
    small.options({}, { inputs: { patches: [patch(first, second)] }, stacking: { foundation } }),
  );
  assert.deepEqual(fix.refusals, []);
  assert.ok(fix.payload);
  const { functions } = parsePayload(fix.payload.bytes, "above");
  const replaced = functions.filter(({ kind }) => kind === "replace");
  assert.deepEqual(
    replaced.map(({ oldSize }) => oldSize),
    [7],
  );
});
