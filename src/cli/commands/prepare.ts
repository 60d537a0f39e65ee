import { spawn } from "node:child_process";
import { ftruncateSync } from "node:fs";
import { setPriority } from "node:os";
import { join } from "node:path";
import { unmarked } from "../../processes/mark.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { type BuildSource, readSourceInputs, sourceOptionSpecs } from "../options/build-source.ts";
import { ownCommand } from "../own-command.ts";
import type { CommandCall, TopCommand } from "../spec.ts";
import { megabytes } from "../text/progress.ts";

export const prepareCommand: TopCommand = {
  name: "prepare",
  description: [
    "A build compiles what the patch reaches on both sides, without the patch and with it. A header may reach some 300 objects. This command compiles the unpatched side of all objects, once for each source, configuration and compiler, so that later builds compile only the patched side. What builds have compiled already is not compiled again.",
    "It is optional, it may be stopped at any time, and builds may run meanwhile: each uses the objects that are there. With another source, configuration or compiler, nothing of it is used. The space that it takes is shown; xsplice lab clean --cache frees it, and so do later bases when there are more than eight, or more than 1 GB of them.",
  ],
  arguments: [],
  options: [
    ...sourceOptionSpecs,
    {
      name: "background",
      description: "return at once, and go on with low priority; the output goes to a file",
    },
  ],
  examples: [
    {
      command: "xsplice prepare --base debian:12",
      explains: "then build with the same base",
    },
    {
      command: "xsplice prepare --source xen --xen-syms xen-syms --config xen.config --background",
      explains: "while you write the fix",
    },
  ],
  kind: "own",
  run: async (call) => {
    // Also in the background: what is wrong with them is told now.
    const source = await readSourceInputs(call);
    return call.options.has("background")
      ? await startInBackground(call)
      : await prepareNow(call, source);
  },
};

async function prepareNow(call: CommandCall, { inputs, run }: BuildSource): Promise<number> {
  const { io } = call;
  const { prepareBuilds } = await import("../../builder/prepare.ts");
  const startedAt = performance.now();
  const { folder, objects, sizeBytes } = await prepareBuilds({
    inputs,
    run: {
      ...run,
      onProgress: (text) => {
        if (call.globals.output === "text") io.stderr.write(`${text}\n`);
      },
    },
  });
  const seconds = (performance.now() - startedAt) / 1000;
  emit(call, "prepare", { folder, objects, sizeBytes, seconds }, () => {
    const { total, compiled } = objects;
    return [
      `${total} unpatched objects are there; ${compiled} of them were compiled now, in ${seconds.toFixed(0)} s`,
      `They take ${megabytes(sizeBytes)} in ${folder}`,
      "",
    ].join("\n");
  });
  return ExitCode.success;
}

/** Another process of the same command, which outlives this one. */
async function startInBackground(call: CommandCall): Promise<number> {
  const { options, io } = call;
  const { cacheFolder, requireCacheFolder } = await import("../../parts/cache-folder.ts");
  const cache = cacheFolder(io.env);
  requireCacheFolder(cache);
  const given = sourceOptionSpecs.flatMap(({ name }) => {
    const value = name === "jobs" ? options.number(name)?.toString() : options.text(name);
    return value === undefined ? [] : [`--${name}`, value];
  });
  using output = await openLog(cache);
  const { log, descriptor } = output;
  const child = spawn(process.execPath, [ownCommand, "prepare", ...given], {
    detached: true,
    env: unmarked(io.env),
    stdio: ["ignore", descriptor, descriptor],
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once("spawn", () => resolve(child.pid ?? 0));
    child.once("error", reject);
  });
  setPriority(pid, LOW_PRIORITY);
  child.unref();
  emit(call, "prepare", { background: { pid, log } }, () =>
    [
      `Compiling all unpatched objects in the background, as process ${pid}`,
      `What it says goes to ${log}`,
      "Builds meanwhile use the objects that are there",
      "",
    ].join("\n"),
  );
  return ExitCode.success;
}

interface Log extends Disposable {
  readonly log: string;
  readonly descriptor: number;
}

/** One that no other such process writes to: whoever inherits the descriptor holds the file's lock. */
async function openLog(cache: string): Promise<Log> {
  const { tryLock } = await import("../../files/lock.ts");
  for (let number = 1; ; number++) {
    const log = join(cache, number === 1 ? "prepare.log" : `prepare-${number}.log`);
    const lock = tryLock(log);
    if (lock === undefined) continue;
    ftruncateSync(lock.descriptor);
    const { descriptor } = lock;
    return { log, descriptor, [Symbol.dispose]: () => lock[Symbol.dispose]() };
  }
}

/** Of processes, from -20 to 19: whoever works in the foreground comes first. */
const LOW_PRIORITY = 10;
