import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildTest } from "../../test/why-no-build.ts";
import { BuildError } from "../build-outcome/build-error.ts";
import { makeSmallXen, type SmallXen, smallXen } from "../xen-make/small-xen.test.support.ts";
import { compileAhead } from "./compile-ahead.ts";
import { preparePairs } from "./prepare-pairs.ts";
import type { PreparedPairs } from "./prepared-pairs.ts";

const header = { "xen/include/wide.h": "#define wide() 2\n" };

/** A build of a patch of the header, and how many objects it said that it compiles. */
async function buildHeader(xen: SmallXen): Promise<PreparedPairs & { readonly said: string[] }> {
  const said: string[] = [];
  const onProgress = (text: string) => void said.push(text);
  const result = await preparePairs(xen.request(header, { run: { onProgress } }));
  return { ...result, said: said.filter((text) => text.startsWith("compiling ")) };
}

function ahead({ request }: SmallXen, config?: string) {
  const { inputs, run } = request({});
  const text = config ?? inputs.config.text;
  return compileAhead({ inputs: { ...inputs, config: { name: "small.config", text } }, run });
}

buildTest(
  "compileAhead() leaves to later builds only the patched side, and their objects are the same",
  async (t) => {
    const [xen, other] = [makeSmallXen(t), makeSmallXen(t)];
    const { objects, sizeBytes, folder } = await ahead(xen);
    assert.ok(objects.total > 2 && objects.compiled === objects.total);
    assert.ok(sizeBytes > 0);
    const [prepared, plain] = [await buildHeader(xen), await buildHeader(other)];
    assert.deepEqual(prepared.said, ["compiling 2 objects"]);
    assert.deepEqual(plain.said, ["compiling 4 objects"]);
    assert.deepEqual(prepared.pairs, plain.pairs);
    const again = await ahead(xen);
    assert.deepEqual(again.objects, { total: objects.total, compiled: 0 });
    assert.equal(again.folder, folder);
  },
);

buildTest("compileAhead() makes again what is damaged, and nothing else", async (t) => {
  const xen = makeSmallXen(t);
  const { folder } = await ahead(xen);
  const place = join(folder, "objects/common/kernel.o");
  const object = readFileSync(place);
  writeFileSync(place, object.subarray(1));
  assert.equal((await ahead(xen)).objects.compiled, 1);
  assert.ok(readFileSync(place).equals(object));
});

buildTest("compileAhead() begins anew for another source and another configuration", async (t) => {
  const xen = makeSmallXen(t);
  const first = await ahead(xen);
  const configured = await ahead(xen, "CONFIG_LIVEPATCH=y\nCONFIG_MORE=y\n");
  writeFileSync(join(xen.source, "xen/common/kernel.c"), `${smallXen["xen/common/kernel.c"]}\n`);
  const changed = await ahead(xen);
  assert.equal(new Set([first, configured, changed].map(({ folder }) => folder)).size, 3);
  for (const { objects } of [configured, changed]) assert.equal(objects.compiled, objects.total);
});

buildTest("compileAhead() says what does not compile", async (t) => {
  const xen = makeSmallXen(t);
  writeFileSync(join(xen.source, "xen/common/kernel.c"), "int kernel(void) { return }\n");
  await assert.rejects(
    ahead(xen),
    (error) => error instanceof BuildError && /unpatched source/.test(error.message),
  );
});
