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
      demo: async () => (await import("./demo.ts")).demoCommand,
      doctor: async () => (await import("./doctor.ts")).doctorCommand,
      help: async () => (await import("./help.ts")).helpCommand,
    },
  },
  {
    heading: "On a hypervisor, as xen-livepatch does it:",
    entries: {
      list: async () => (await import("./list.ts")).listCommand,
      upload: async () => (await import("./upload.ts")).uploadCommand,
      apply: async () => (await import("./apply.ts")).applyCommand,
      revert: async () => (await import("./revert.ts")).revertCommand,
      unload: async () => (await import("./unload.ts")).unloadCommand,
      replace: async () => (await import("./replace.ts")).replaceCommand,
      load: async () => (await import("./load.ts")).loadCommand,
    },
  },
  {
    heading: "On a hypervisor, more:",
    entries: {
      info: async () => (await import("./info.ts")).infoCommand,
      plan: async () => (await import("./plan.ts")).planCommand,
      sync: async () => (await import("./sync.ts")).syncCommand,
      bisect: async () => (await import("./bisect.ts")).bisectCommand,
      probe: async () => (await import("./probe.ts")).probeCommand,
    },
  },
  {
    heading: "Payload files:",
    entries: {
      build: async () => (await import("./build.ts")).buildCommand,
      compile: async () => (await import("./compile.ts")).compileCommand,
      inspect: async () => (await import("./inspect.ts")).inspectCommand,
      check: async () => (await import("./check.ts")).checkCommand,
      diff: async () => (await import("./diff.ts")).diffCommand,
    },
  },
  {
    heading: "A real Xen to try things on:",
    entries: { lab: async () => (await import("./lab.ts")).labGroup },
  },
  {
    heading: "For the shell:",
    entries: {
      completion: async () => (await import("./completion.ts")).completionCommand,
      man: async () => (await import("./man.ts")).manCommand,
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

export async function loadWholeTree(): Promise<readonly TreeSection[]> {
  return Promise.all(
    outline.map(async ({ heading, entries }) => ({
      heading,
      entries: await Promise.all(Object.values(entries).map((load) => load())),
    })),
  );
}
