// The tour's middle where the hypervisor has a hole and a source: a payload is built from the fix.

import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { openBase } from "../../bases/mod.ts";
import { buildFix } from "../../builder/build.ts";
import type { BuildOptions } from "../../builder/build-options.ts";
import type { LinkedPayload } from "../../builder/link/link.ts";
import { toHex } from "../../bytes/hex.ts";
import { XspliceError } from "../../error.ts";
import { invariant } from "../../invariant.ts";
import { shareFile } from "../../lab/share-file.ts";
import { cacheFolder } from "../../parts/mod.ts";
import type { CommandCall } from "../spec.ts";
import { packageVersion } from "../version.ts";
import type { TourAttack } from "./attack.ts";
import type { Scene } from "./scene.ts";

class TourBuildError extends XspliceError<"demo/not-built"> {}

export async function buildFromFix(
  { call, page }: Scene,
  { fix, base, trigger }: TourAttack,
): Promise<LinkedPayload> {
  const version = shareFile("demo/version.patch");
  page.step("Build a payload from the fix");
  page.words(`The fix is a patch of Xen's source, here in our own words. It takes away the lines with
    - and adds those with +:`);
  page.gap();
  page.code(changedLines(fix));
  page.gap();
  page.words("A second patch lets you see it from outside, by the version:");
  page.gap();
  page.code(changedLines(version));
  page.gap();
  page.words(`xsplice compiles what the patches touch, without and with them, compares the machine
    code, and makes a payload of what differs: a file that a running Xen can load. It says which
    functions are replaced, for which build-id, and what of Xen they refer to. The first time, Xen's
    source has to be prepared, which takes up to a minute; later it is a matter of seconds.`);
  page.gap();
  const startedAt = performance.now();
  const { payload, outcome, refusals } = await buildFix(
    await buildOptions(call, base, [fix, version]),
  );
  if (payload === undefined) {
    throw new TourBuildError({
      code: "demo/not-built",
      problem: `Cannot go on with the tour: the fix of ${trigger.name} gave no payload (${outcome})`,
      where: refusals.map(({ rule, what }) => `${rule}: ${what}`).join("\n"),
      remedy: `see why: xsplice build --base ${base} --patch ${fix}`,
    });
  }
  page.fact("built", `in ${((performance.now() - startedAt) / 1000).toFixed(2)} s`);
  page.fact("payload", `${payload.bytes.length} bytes, build-id ${toHex(payload.buildId)}`);
  for (const { name, oldSizeBytes, newSizeBytes } of payload.functions) {
    page.fact("replaces", `${name}: ${oldSizeBytes} bytes of code by ${newSizeBytes}`);
  }
  return payload;
}

async function buildOptions(
  { io }: CommandCall,
  word: string,
  patches: readonly string[],
): Promise<BuildOptions> {
  const { env, signal } = io;
  const cache = cacheFolder(env);
  const { source, config, xenSyms } = await openBase(word, { cache, environment: env, signal });
  invariant(source !== undefined && config !== undefined, "a base to build for has both");
  return {
    inputs: {
      source,
      config,
      xenSyms: { name: xenSyms, bytes: new Uint8Array(await readFile(xenSyms)) },
      patches: patches.map((name) => ({ name, bytes: new Uint8Array(readFileSync(name)) })),
      hooks: [],
    },
    stacking: {
      mode: "stack",
      foundation: { payloads: [], buildId: undefined },
      basePatches: [],
      guard: undefined,
      previous: undefined,
    },
    allowed: { init: [], unsafe: [], layouts: [], freshData: [] },
    label: {
      title: undefined,
      metadata: [["about", "the tour of xsplice"]],
      toolVersion: packageVersion(),
      patches: "texts",
    },
    run: {
      compiler: env["CC"] || undefined,
      jobs: availableParallelism(),
      cache,
      environment: env,
      onProgress: (text) => void io.stderr.write(`     ${text}\n`),
      signal,
    },
  };
}

function changedLines(patch: string): readonly string[] {
  const lines = readFileSync(patch, "utf8").split("\n");
  return lines.filter((line) => /^[-+]/.test(line) && !/^(---|\+\+\+) /.test(line));
}
