// All commands, in the order and under the headings that help shows. A command's code is loaded when
// its name is on the command line; who lists commands needs their names and summaries alone.

import type { OutlineSection, SpecEntry, TopCommand, TopGroup, TreeSection } from "./spec.ts";

interface Entry {
  /** One line, lower case, no full stop: for lists of commands. */
  readonly summary: string;
  readonly load: () => Promise<TopCommand | TopGroup>;
}

const outline: readonly {
  readonly heading: string;
  readonly entries: Readonly<Record<string, Entry>>;
}[] = [
  {
    heading: "To begin:",
    entries: {
      demo: {
        summary: "a tour: boots, patches and reverts a real Xen before your eyes",
        load: async () => (await import("./commands/demo.ts")).demoCommand,
      },
      doctor: {
        summary: "what is installed and what is missing, per task, and how to get it",
        load: async () => (await import("./commands/doctor.ts")).doctorCommand,
      },
      explain: {
        summary: "what an error code, or a rule of check, means, and what to do",
        load: async () => (await import("./commands/explain.ts")).explainCommand,
      },
      help: {
        summary: "list all commands, or describe one of them",
        load: async () => (await import("./commands/help.ts")).helpCommand,
      },
    },
  },
  {
    heading: "On a hypervisor, as xen-livepatch does it:",
    entries: {
      list: {
        summary: "list the payloads that are loaded, with their state",
        load: async () => (await import("./commands/list.ts")).listCommand,
      },
      upload: {
        summary: "load a payload into the hypervisor, which links and checks it",
        load: async () => (await import("./commands/upload.ts")).uploadCommand,
      },
      apply: {
        summary: "activate an uploaded payload",
        load: async () => (await import("./commands/apply.ts")).applyCommand,
      },
      revert: {
        summary: "deactivate an applied payload",
        load: async () => (await import("./commands/revert.ts")).revertCommand,
      },
      unload: {
        summary: "remove a payload that is not applied",
        load: async () => (await import("./commands/unload.ts")).unloadCommand,
      },
      replace: {
        summary: "apply one payload and revert all others, in one step",
        load: async () => (await import("./commands/replace.ts")).replaceCommand,
      },
      load: {
        summary: "upload and apply",
        load: async () => (await import("./commands/load.ts")).loadCommand,
      },
    },
  },
  {
    heading: "On a hypervisor, more:",
    entries: {
      info: {
        summary: "show the hypervisor's version, build-id and compiler",
        load: async () => (await import("./commands/info.ts")).infoCommand,
      },
      plan: {
        summary: "show the steps from what a host runs to what it should run",
        load: async () => (await import("./commands/plan.ts")).planCommand,
      },
      sync: {
        summary: "bring a host from what it runs to what it should run",
        load: async () => (await import("./commands/sync.ts")).syncCommand,
      },
      bisect: {
        summary: "find the fix of a cumulative payload that makes a health check fail",
        load: async () => (await import("./commands/bisect.ts")).bisectCommand,
      },
      probe: {
        summary: "check whether a host's code is what a payload expects",
        load: async () => (await import("./commands/probe.ts")).probeCommand,
      },
      status: {
        summary: "show which fixes are in force, which are missing, and which need a reboot",
        load: async () => (await import("./depot/status.ts")).statusCommand,
      },
      update: {
        summary: "bring a host to what its depot says it should run",
        load: async () => (await import("./depot/update.ts")).updateCommand,
      },
      log: {
        summary: "show what was done on a host: who, when, from where, and how it ended",
        load: async () => (await import("./log/log.ts")).logCommand,
      },
      vex: {
        summary: "say for scanners which vulnerabilities a live patch has closed on a host",
        load: async () => (await import("./depot/vex.ts")).vexCommand,
      },
      metrics: {
        summary: "print what a host runs as metrics for Prometheus",
        load: async () => (await import("./commands/metrics.ts")).metricsCommand,
      },
      boot: {
        summary: "apply again after a reboot what was applied before it",
        load: async () => (await import("./commands/boot.ts")).bootGroup,
      },
    },
  },
  {
    heading: "Payload files:",
    entries: {
      prepare: {
        summary: "compile all unpatched objects in advance, for quick builds",
        load: async () => (await import("./commands/prepare.ts")).prepareCommand,
      },
      build: {
        summary: "make a payload from a source patch",
        load: async () => (await import("./commands/build.ts")).buildCommand,
      },
      matrix: {
        summary: "make a payload from a source patch for each of many bases",
        load: async () => (await import("./matrix/matrix.ts")).matrixCommand,
      },
      rebuild: {
        summary: "build a payload again from what it was made from, and compare all bytes",
        load: async () => (await import("./rebuild/rebuild.ts")).rebuildCommand,
      },
      compile: {
        summary: "make a payload from hand-written C",
        load: async () => (await import("./commands/compile.ts")).compileCommand,
      },
      inspect: {
        summary: "show the contents of a payload, and its errors",
        load: async () => (await import("./commands/inspect.ts")).inspectCommand,
      },
      check: {
        summary: "show what a hypervisor would answer to payloads, and what it does not check",
        load: async () => (await import("./commands/check.ts")).checkCommand,
      },
      diff: {
        summary: "show what differs between two payloads",
        load: async () => (await import("./commands/diff.ts")).diffCommand,
      },
    },
  },
  {
    heading: "Payloads for many hosts:",
    entries: {
      depot: {
        summary: "signed payloads for many builds of the hypervisor",
        load: async () => (await import("./depot/group.ts")).depotGroup,
      },
    },
  },
  {
    heading: "A real Xen to try things on:",
    entries: {
      prove: {
        summary: "show that a payload closes a security hole, on a real hypervisor",
        load: async () => (await import("./commands/prove.ts")).proveCommand,
      },
      lab: {
        summary: "a real Xen in an emulated computer, to try things on",
        load: async () => (await import("./commands/lab.ts")).labGroup,
      },
    },
  },
  {
    heading: "For the shell:",
    entries: {
      completion: {
        summary: "print the completion script for your shell",
        load: async () => (await import("./commands/completion.ts")).completionCommand,
      },
      schema: {
        summary: "print the JSON Schema of what a command prints with --json",
        load: async () => (await import("./schema/schema.ts")).schemaCommand,
      },
      man: {
        summary: "print the manual page",
        load: async () => (await import("./commands/man.ts")).manCommand,
      },
    },
  },
];

/** Describe all others, unless they describe themselves. */
const wholeTreeCommands: readonly string[] = ["completion", "man"];

/**
 * All commands, those with their code that the words of a command line ask for: its verb, and for `help`
 * what is to be described; with "own" no others, for the help of the verb itself.
 */
export async function loadTree(
  words: readonly string[],
  code: "own" | "all it needs" = "all it needs",
): Promise<readonly OutlineSection[]> {
  const [verb = "", ...others] = words;
  if (code !== "own" && wholeTreeCommands.includes(verb)) return loadWholeTree();
  const wanted = new Set([verb, ...(verb === "help" ? others : [])]);
  return Promise.all(
    outline.map(async ({ heading, entries }) => ({
      heading,
      entries: await Promise.all(
        Object.entries(entries).map(([name, entry]) =>
          wanted.has(name) ? loadEntry(entry) : { name, summary: entry.summary },
        ),
      ),
    })),
  );
}

export async function loadWholeTree(): Promise<readonly TreeSection[]> {
  return Promise.all(
    outline.map(async ({ heading, entries }) => ({
      heading,
      entries: await Promise.all(Object.values(entries).map(loadEntry)),
    })),
  );
}

async function loadEntry({ summary, load }: Entry): Promise<SpecEntry> {
  return { ...(await load()), summary };
}
