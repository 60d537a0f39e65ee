import type { KeptFolder } from "../../files/claimed-folder.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { CommandSpec } from "../spec.ts";

export const labCleanCommand: CommandSpec = {
  name: "clean",
  summary: "remove files of ended labs and killed commands, and on request the caches",
  description: [
    "Labs clean up after themselves, also if their owner is killed. This command is for files left by a power cut, and for temporary directories of killed commands. Running labs and commands are not touched, and while one of them uses the cache, nothing is removed from it. A directory that may still be in use is kept, and named.",
  ],
  arguments: [],
  options: [
    {
      name: "snapshots",
      description: "also remove the snapshots; a cold boot makes them again",
    },
    { name: "cache", description: "also remove everything that was downloaded or made" },
  ],
  examples: [
    { command: "xsplice lab clean", explains: "tidy up" },
    { command: "xsplice lab clean --cache", explains: "free all disk space" },
  ],
  kind: "own",
  run: async (call) => {
    const [
      { removeDeadLabs },
      { removeLeftOvers },
      { removeSnapshots },
      { cacheFolder },
      { emptyCache },
    ] = await Promise.all([
      import("../../lab/detached.ts"),
      import("../../files/temporary-folder.ts"),
      import("../../lab/snapshot.ts"),
      import("../../parts/cache-folder.ts"),
      import("../../parts/lock.ts"),
    ]);
    const labs = await removeDeadLabs();
    const folders = removeLeftOvers();
    const cache = cacheFolder(call.io.env);
    const removed = call.options.has("cache")
      ? "cache"
      : call.options.has("snapshots")
        ? "snapshots"
        : "nothing";
    if (removed === "cache") emptyCache(cache);
    if (removed === "snapshots") removeSnapshots(cache);
    const kept = [...labs.kept, ...folders.kept];
    const result: Cleaned = { labs: labs.count, folders: folders.count, kept, removed, cache };
    emit(call, "lab clean", result, () => textOf(result));
    return ExitCode.success;
  },
};

interface Cleaned {
  readonly labs: number;
  readonly folders: number;
  readonly kept: readonly KeptFolder[];
  readonly removed: "cache" | "snapshots" | "nothing";
  readonly cache: string;
}

function textOf({ labs, folders, kept, removed, cache }: Cleaned): string {
  const ended = `${labs} ended ${labs === 1 ? "lab" : "labs"}`;
  const directories = `${folders} temporary ${folders === 1 ? "directory" : "directories"}`;
  const lines = [
    `Removed what ${ended} had left, and ${directories} of killed commands`,
    ...kept.map(({ path, because }) => `Kept ${path}: ${because}`),
    ...(kept.length === 0 ? [] : ["If nothing uses them any more, remove them by hand"]),
    ...(removed === "nothing" ? [] : [`Removed the ${removed} in ${cache}`]),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
