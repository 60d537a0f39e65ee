import type { Part, PartManifest } from "../../parts/mod.ts";
import { checkMachine, isReady, type Job } from "../doctor-checks.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { CommandCall, TopCommand } from "../spec.ts";
import { megabytes } from "../text/progress.ts";

export const doctorCommand: TopCommand = {
  name: "doctor",
  description: [
    "Only looks: it installs, downloads and starts nothing.",
    "Lists every part that xsplice may download, with its purpose and size. Parts come from Debian's packages into your cache directory, without root, when a command first needs them.",
  ],
  arguments: [],
  options: [],
  examples: [
    { command: "xsplice doctor", explains: "what works here" },
    { command: "xsplice doctor --json", explains: "the same for a script" },
  ],
  kind: "own",
  run: async (call) => {
    const jobs = await checkMachine(call.io.env);
    const parts = await listParts(call);
    const judged = jobs.map((job) => ({
      ...job,
      // What is there needs no remedy.
      checks: job.checks.map(({ what, found, remedy }) =>
        found === undefined ? { what, remedy } : { what, found },
      ),
      ready: isReady(job),
    }));
    emit(
      call,
      "doctor",
      { jobs: judged, ...parts },
      () => `${renderJobs(jobs)}\n${renderParts(parts)}`,
    );
    return ExitCode.success;
  },
};

interface PartRow {
  readonly id: string;
  readonly purpose: string;
  readonly state: "cached" | "provided" | "missing";
  /** Of the download: exact once it is cached, about before. */
  readonly sizeBytes: number;
  readonly detail: string;
  /** How it comes without root. */
  readonly howToGet: string;
}

interface PartList {
  readonly cache: string;
  readonly parts: readonly PartRow[];
}

async function listParts(call: CommandCall): Promise<PartList> {
  const { cacheFolder, inspectParts, partIds } = await import("../../parts/mod.ts");
  const environment = call.io.env;
  const parts = inspectParts(partIds, { environment }).map(partRow);
  return { cache: cacheFolder(environment), parts };
}

function partRow({ definition, state }: Part): PartRow {
  const { id, purpose, suite, packages, approximateBytes } = definition;
  const howToGet = `fetched when needed from Debian ${suite}: ${packages.join(" ")}`;
  const row = { id, purpose, state: state.kind, sizeBytes: Math.round(approximateBytes), howToGet };
  switch (state.kind) {
    case "cached":
      return { ...row, sizeBytes: downloadedBytes(state.manifest), detail: state.root };
    case "provided":
      return { ...row, detail: state.program };
    case "missing":
      return { ...row, detail: howToGet };
  }
}

function downloadedBytes({ packages }: PartManifest): number {
  return packages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function renderJobs(jobs: readonly Job[]): string {
  return jobs
    .map((job) => {
      const ready = isReady(job);
      const lines = job.checks.map(({ what, found, remedy }) => {
        // Where one of several is enough, what is missing beside it is not a problem.
        const lack = ready ? "not found, not needed" : `missing: ${remedy}`;
        return `    ${found === undefined ? "-" : "+"} ${what}: ${found ?? lack}\n`;
      });
      return `${ready ? "ready  " : "lacking"}  ${job.job}\n${lines.join("")}`;
    })
    .join("\n");
}

function renderParts({ cache, parts }: PartList): string {
  const idWidth = Math.max(...parts.map(({ id }) => id.length));
  const words = { cached: "fetched", provided: "machine's own", missing: "not fetched" } as const;
  const lines = parts.map(({ id, purpose, state, sizeBytes, detail }) => {
    const size = state === "provided" ? "" : megabytes(sizeBytes);
    const facts = `  ${id.padEnd(idWidth)} ${words[state].padEnd(13)} ${size.padStart(8)}  `;
    return `${facts}${purpose}\n${" ".repeat(facts.length)}${detail}\n`;
  });
  return `Parts, kept in ${cache}; none needs root:\n${lines.join("")}`;
}
