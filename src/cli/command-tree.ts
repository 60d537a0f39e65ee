// All commands, in the order and under the headings that help shows. A command's code is loaded when
// its name is on the command line; only those who look at the whole tree wait for the whole.

import type { SpecEntry, TreeSection } from "./spec.ts";

type LoadEntry = () => Promise<SpecEntry>;

const outline: readonly {
  readonly heading: string;
  readonly entries: Readonly<Record<string, LoadEntry>>;
}[] = [
  {
    heading: "To begin:",
    entries: {
      demo: async () => (await import("./commands/demo.ts")).demoCommand,
      doctor: async () => (await import("./commands/doctor.ts")).doctorCommand,
      help: async () => (await import("./commands/help.ts")).helpCommand,
    },
  },
  {
    heading: "On a hypervisor, as xen-livepatch does it:",
    entries: {
      list: async () => (await import("./commands/list.ts")).listCommand,
      upload: async () => (await import("./commands/upload.ts")).uploadCommand,
      apply: async () => (await import("./commands/apply.ts")).applyCommand,
      revert: async () => (await import("./commands/revert.ts")).revertCommand,
      unload: async () => (await import("./commands/unload.ts")).unloadCommand,
      replace: async () => (await import("./commands/replace.ts")).replaceCommand,
      load: async () => (await import("./commands/load.ts")).loadCommand,
    },
  },
  {
    heading: "On a hypervisor, more:",
    entries: {
      info: async () => (await import("./commands/info.ts")).infoCommand,
      plan: async () => (await import("./commands/plan.ts")).planCommand,
      sync: async () => (await import("./commands/sync.ts")).syncCommand,
      bisect: async () => (await import("./commands/bisect.ts")).bisectCommand,
      probe: async () => (await import("./commands/probe.ts")).probeCommand,
    },
  },
  {
    heading: "Payload files:",
    entries: {
      prepare: async () => (await import("./commands/prepare.ts")).prepareCommand,
      build: async () => (await import("./commands/build.ts")).buildCommand,
      compile: async () => (await import("./commands/compile.ts")).compileCommand,
      inspect: async () => (await import("./commands/inspect.ts")).inspectCommand,
      check: async () => (await import("./commands/check.ts")).checkCommand,
      diff: async () => (await import("./commands/diff.ts")).diffCommand,
    },
  },
  {
    heading: "A real Xen to try things on:",
    entries: { lab: async () => (await import("./commands/lab.ts")).labGroup },
  },
  {
    heading: "For the shell:",
    entries: {
      completion: async () => (await import("./commands/completion.ts")).completionCommand,
      man: async () => (await import("./commands/man.ts")).manCommand,
    },
  },
];

/** Need to know of all others. */
const wholeTreeCommands: readonly string[] = ["help", "completion", "man"];

/** As much of the tree as `verb` needs: its own entry, or all when it has none. */
export async function loadTree(verb: string | undefined): Promise<readonly TreeSection[]> {
  const section = outline.find(({ entries }) => verb !== undefined && Object.hasOwn(entries, verb));
  const load = section?.entries[verb ?? ""];
  if (section === undefined || load === undefined || wholeTreeCommands.includes(verb ?? "")) {
    return loadWholeTree();
  }
  return [{ heading: section.heading, entries: [await load()] }];
}

async function loadWholeTree(): Promise<readonly TreeSection[]> {
  return Promise.all(
    outline.map(async ({ heading, entries }) => ({
      heading,
      entries: await Promise.all(Object.values(entries).map((load) => load())),
    })),
  );
}
