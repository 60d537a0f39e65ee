// The tour's middle: a C function becomes a payload.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toHex } from "../../bytes/hex.ts";
import { type CompiledPayload, compilePayload } from "../../compile/compile.ts";
import { makeTemporaryFolder } from "../../files/temporary-folder.ts";
import { onHypervisor } from "../../running/payload-below.ts";
import type { Scene } from "./scene.ts";

/** XENVER_extraversion hands out 16 bytes, with the NUL at the end. */
const EXTRA_VERSION_MAX = 15;
const SUFFIX = "-patched";

export async function buildPayload({
  call,
  page,
  target,
  info,
  xen,
}: Scene): Promise<CompiledPayload> {
  const source = replacementSource(target.name, info.version.extra);
  page.step("Write the new function, in C");
  page.words("It has the name of the old one, and returns something else:");
  page.gap();
  page.code(source.split("\n").slice(0, -1));
  page.gap();
  page.words(`A compiler makes machine code of it, and xsplice makes a payload of that: a file that
    a running Xen can load. It says which function is replaced, for which build-id, and what of Xen
    it refers to.`);
  using folder = makeTemporaryFolder("demo");
  const path = join(folder.path, "tour.c");
  await writeFile(path, source);
  const startedAt = performance.now();
  const compiled = await compilePayload({
    inputs: { sources: [path], replace: [] },
    target: { xen, release: undefined },
    stacking: { foundation: onHypervisor, mode: "stack", guard: undefined },
    compiler: { command: call.io.env["CC"] || undefined, extraFlags: [] },
    metadata: [["about", "the tour of xsplice"]],
    signal: call.io.signal,
  });
  page.gap();
  page.fact("built", `in ${((performance.now() - startedAt) / 1000).toFixed(2)} s`);
  page.fact("payload", `${compiled.bytes.length} bytes, build-id ${toHex(compiled.buildId)}`);
  for (const { name, oldSizeBytes, newSizeBytes } of compiled.replaced) {
    page.fact("replaces", `${name}: ${oldSizeBytes} bytes of code by ${newSizeBytes}`);
  }
  return compiled;
}

/** Ends with a newline. */
function replacementSource(name: string, extra: string): string {
  const text = `${extra.slice(0, EXTRA_VERSION_MAX - SUFFIX.length)}${SUFFIX}`;
  return `const char *${name}(void)\n{\n    return ${JSON.stringify(text)};\n}\n`;
}
