// What `npm run test:bases` is asked for.

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { XspliceError } from "../../src/error.ts";

export const USAGE = `usage: npm run test:bases [-- OPTION…]

Tries the whole way from a fix to a patched hypervisor on many hypervisors, each in a lab.

  --base WORD         only this one, as xsplice takes it (debian:12, a directory); repeat
  --debug             of Debian's, the hypervisor that is built anew with debug=y as well
  --source DIR        a source of Xen, which is only read: its hypervisor is built first, and kept
  --config FILE       its configuration; what it does not say is as Xen's own default
  --setting LINE      a line in place of the configuration's, such as CONFIG_DEBUG=y; repeat
  --make NAME=VALUE   an argument of make, such as XEN_VENDORVERSION=-mine or O=build; repeat
  --cc COMPILER       the compiler of both the hypervisor and the payloads; a name of docs/bases.md
                      (gcc-10, clang-16) is fetched, if this machine does not have it
  --name TEXT         what it is called in docs/bases.md
  --only CELL         only this column; repeat. Publishes nothing
  --publish           with --only: put these answers in the place of those that were published
  --mutations N       of payloads, for the check column; 60 by default
  --jobs N            compilers at a time; one per CPU by default
  --output DIR        where bases.md and bases.json are written; docs by default
  --help              print this text

Without --base and --source: all of Debian's that can be had. The last line is JSON. Exits 0 if
nothing failed, 1 if something did.
`;

export class BasesError extends XspliceError<"bases/bad-arguments"> {}

export interface BasesOptions {
  /** Empty: all of Debian's. */
  readonly words: readonly string[];
  readonly debug: boolean;
  readonly own: OwnSource | undefined;
  readonly compiler: string | undefined;
  readonly settings: readonly string[];
  readonly make: readonly string[];
  readonly name: string | undefined;
  /** Empty: all. */
  readonly only: readonly string[];
  readonly publish: boolean;
  readonly mutations: number;
  readonly jobs: number;
  readonly output: string;
}

export interface OwnSource {
  readonly source: string;
  readonly config: string;
}

/** Undefined: it asks for help. @throws BasesError bases/bad-arguments; TypeError of parseArgs() */
export function readBasesOptions(args: readonly string[]): BasesOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      base: { type: "string", multiple: true, default: [] },
      debug: { type: "boolean", default: false },
      source: { type: "string" },
      config: { type: "string" },
      setting: { type: "string", multiple: true, default: [] },
      make: { type: "string", multiple: true, default: [] },
      cc: { type: "string" },
      name: { type: "string" },
      only: { type: "string", multiple: true, default: [] },
      publish: { type: "boolean", default: false },
      mutations: { type: "string", default: "60" },
      jobs: { type: "string", default: String(availableParallelism()) },
      output: { type: "string", default: "docs" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const { source, config, base: words, setting: settings } = values;
  if ((source === undefined) !== (config === undefined)) {
    throw badArguments("--source and --config go together");
  }
  const own = source !== undefined && config !== undefined ? { source, config } : undefined;
  if (own === undefined && settings.length + values.make.length > 0) {
    throw badArguments("--setting and --make are for a hypervisor that is built from --source");
  }
  if (own !== undefined && words.length > 0) throw badArguments("--base or --source, not both");
  return {
    words,
    debug: values.debug,
    own,
    compiler: values.cc,
    settings,
    make: values.make,
    name: values.name,
    only: values.only,
    publish: values.only.length === 0 || values.publish,
    mutations: countOf(values.mutations, "--mutations"),
    jobs: countOf(values.jobs, "--jobs"),
    output: values.output,
  };
}

function countOf(text: string, option: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw badArguments(`${option} "${text}" is no number`);
}

function badArguments(problem: string): BasesError {
  return new BasesError({ code: "bases/bad-arguments", problem: `Cannot start: ${problem}` });
}
