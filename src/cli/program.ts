// From the command tree to commander's commands: parsing, help, "did you mean". What commander
// would print or exit with becomes a UsageError or HelpShown, so that run.ts alone decides.

import { Argument, Command, type CommanderError, Help, Option } from "commander";
import type { CommandIo } from "./io.ts";
import { aliasesOf, withoutAliases } from "./option-alias.ts";
import { requireRules } from "./option-rules.ts";
import type { OptionSpec } from "./option-spec.ts";
import { type Given, OptionValues } from "./option-values.ts";
import { globalOptionSpecs, readGlobalOptions } from "./options/global.ts";
import {
  type CommandSpec,
  type GroupSpec,
  isGroup,
  isLoaded,
  type OpenHost,
  type OutlineEntry,
  type OutlineSection,
  type SpecEntry,
} from "./spec.ts";
import { talkOf } from "./talk/talk.ts";
import { exampleText } from "./text/example-text.ts";
import { describeOption, optionSyntaxInBrackets } from "./text/option-words.ts";
import { UsageError } from "./usage-error.ts";

export interface Program {
  readonly command: Command;
  /** Runs what `args` (without `node` and the script) asks for. */
  run(args: readonly string[]): Promise<number>;
}

export interface ProgramParts {
  readonly tree: readonly OutlineSection[];
  readonly version: string;
  readonly io: CommandIo;
  readonly openHost: OpenHost;
}

/** Help or the version was printed, as asked for. */
export class HelpShown extends Error {}

export function buildProgram(parts: ProgramParts): Program {
  const root = new Command("xsplice");
  root.description("Live patching for the Xen hypervisor: build, inspect, try, apply, revert.");
  root.version(parts.version, "--version", "print the version");
  root.helpCommand(false);
  quieten(root, parts.io);
  for (const spec of globalOptionSpecs) root.addOption(commanderOption(spec, globalOptionSpecs));
  let code = 0;
  const attached: Attached = {
    ...parts,
    helpOf: (path) => requireCommand(root, path).helpInformation(),
    settle: (result) => {
      code = result;
    },
  };
  for (const { heading, entries } of parts.tree) {
    for (const entry of entries) {
      const child = isLoaded(entry) ? entryCommand(entry, attached) : outlineCommand(entry);
      root.addCommand(child.helpGroup(heading));
    }
  }
  const run = async (args: readonly string[]): Promise<number> => {
    await root.parseAsync([...args], { from: "user" });
    return code;
  };
  return { command: root, run };
}

/** Of which only lists of commands are made. */
function outlineCommand({ name, summary }: OutlineEntry): Command {
  return new Command(name).summary(summary).action(() => {
    throw new Error(`Bug in xsplice: the code of "${name}" is not loaded`);
  });
}

function entryCommand(entry: SpecEntry, parts: Attached): Command {
  return isGroup(entry) ? groupCommand(entry, parts) : leafCommand(entry, parts);
}

interface Attached extends ProgramParts {
  readonly helpOf: (path: readonly string[]) => string;
  readonly settle: (code: number) => void;
}

function groupCommand(spec: GroupSpec, parts: Attached): Command {
  const command = new Command(spec.name).summary(spec.summary);
  command.description(spec.description.join("\n\n"));
  command.helpCommand(false);
  quieten(command, parts.io);
  for (const child of spec.commands) {
    command.addCommand(entryCommand(child, parts));
  }
  return command;
}

function leafCommand(spec: CommandSpec, parts: Attached): Command {
  const command = new Command(spec.name).summary(spec.summary);
  command.description(spec.description.join("\n\n"));
  quieten(command, parts.io, spec.arguments.at(-1)?.remedyForMore);
  for (const { name, description, count } of spec.arguments) {
    command.addArgument(new Argument(argumentSyntax(name, count), description));
  }
  for (const option of spec.options) command.addOption(commanderOption(option, spec.options));
  for (const alias of aliasesOf(spec.options)) {
    command.addOption(commanderOption(alias, []).hideHelp());
  }
  command.configureHelp({
    showGlobalOptions: true,
    formatHelp: (shown, helper) =>
      `${Help.prototype.formatHelp.call(helper, shown, helper)}\n${exampleText(spec)}\n`,
  });
  command.action(async () => {
    const { args } = command;
    const given = withoutAliases(givenOptions(command), spec.options);
    const options = [...spec.options, ...globalOptionSpecs];
    requireRules({ ...spec, path: commandPath(command), options }, { args, given });
    const values = new OptionValues(given);
    const { io, openHost, helpOf } = parts;
    const tree = parts.tree.map(({ heading, entries }) => ({
      heading,
      entries: entries.filter(isLoaded),
    }));
    const globals = readGlobalOptions(values, io.env);
    const talk = await talkOf(values, { io, openHost });
    parts.settle(await spec.run({ args, options: values, globals, tree, helpOf, ...talk }));
  });
  return command;
}

function argumentSyntax(name: string, count: CommandSpec["arguments"][number]["count"]): string {
  switch (count) {
    case "one":
      return `<${name}>`;
    case "optional":
      return `[${name}]`;
    case "many":
      return `[${name}...]`;
    case "one-or-many":
      return `<${name}...>`;
  }
}

function commanderOption(spec: OptionSpec, others: readonly OptionSpec[]): Option {
  const option = new Option(optionSyntaxInBrackets(spec), describeOption(spec, others));
  if (spec.repeatable === undefined) return option;
  return option.argParser((value: string, before: readonly string[] | undefined) => [
    ...(before ?? []),
    value,
  ]);
}

/** @throws UsageError when there is no such command */
function requireCommand(root: Command, path: readonly string[]): Command {
  return path.reduce((holder, name) => {
    const child = holder.commands.find((candidate) => candidate.name() === name);
    if (child !== undefined) return child;
    throw new UsageError({
      code: "usage/unknown-command",
      problem: `Cannot show help on "${path.join(" ")}": there is no such command`,
      remedy: 'see "xsplice help" for all commands',
    });
  }, root);
}

/** commander has `true` for a flag, a text for one value, and a list for several. */
function givenOptions(command: Command): Given {
  const given = new Map<string, readonly string[]>();
  for (let holder: Command | null = command; holder !== null; holder = holder.parent) {
    for (const option of holder.options) {
      const value: unknown = holder.getOptionValue(option.attributeName());
      if (value === undefined) continue;
      given.set(option.name(), value === true ? [] : [value].flat().map(String));
    }
  }
  return given;
}

/** commander prints help through `io`, and tells everything else by throwing. */
function quieten(command: Command, io: CommandIo, remedyForMore?: string): void {
  command.configureHelp({ showGlobalOptions: true });
  command.helpOption("-h, --help", "show this help");
  command.configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
    outputError: () => {},
    getOutHelpWidth: () => io.stdout.columns ?? 80,
    getErrHelpWidth: () => io.stderr.columns ?? 80,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
  command.exitOverride((error) => {
    throw translate(error, command, remedyForMore);
  });
}

function translate(
  error: CommanderError,
  command: Command,
  remedyForMore: string | undefined,
): Error {
  if (error.exitCode === 0) return new HelpShown();
  const path = commandPath(command);
  if (error.code === "commander.help") {
    // The help itself is already on standard error.
    const problem = `Cannot run "${path}": it needs one of its commands`;
    return new UsageError({ code: "usage/unknown-command", problem, remedy: "see the list above" });
  }
  const [state = "", guess = ""] = error.message.replace(/^error: /, "").split("\n");
  const [, closest] = /\(Did you mean (.*)\?\)/.exec(guess) ?? [];
  const hint = closest === undefined ? "" : `did you mean "${closest}"? `;
  const problem = `Cannot run "${path}": ${state.replaceAll("'", '"')}`;
  const swallowed = error.code === "commander.missingArgument" ? swallowedBy(command) : "";
  const isMore = error.code === "commander.excessArguments" && remedyForMore !== undefined;
  const remedy = isMore ? remedyForMore : `${swallowed}${hint}"${path} --help" shows what there is`;
  return new UsageError({ code: usageCode(error.code), problem, remedy });
}

/** An option whose value may be left out takes the argument that follows it. */
function swallowedBy(command: Command): string {
  const [argument] = command.registeredArguments;
  const option = command.options.find((candidate) => {
    const value: unknown = command.getOptionValue(candidate.attributeName());
    return candidate.optional && typeof value === "string";
  });
  if (argument === undefined || option === undefined) return "";
  const value: unknown = command.getOptionValue(option.attributeName());
  return `${option.long} has taken "${value}": put ${argument.name().toUpperCase()} first; `;
}

function usageCode(code: string): UsageError["report"]["code"] {
  switch (code) {
    case "commander.unknownCommand":
      return "usage/unknown-command";
    case "commander.unknownOption":
      return "usage/unknown-option";
    default:
      return "usage/bad-arguments";
  }
}

function commandPath(command: Command): string {
  const names: string[] = [];
  for (let holder: Command | null = command; holder !== null; holder = holder.parent) {
    names.unshift(holder.name());
  }
  return names.join(" ");
}
