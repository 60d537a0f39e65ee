// The manual page in the man(7) macros, from the command tree.

import type { OptionSpec } from "./option-spec.ts";
import { globalOptionSpecs } from "./options/global.ts";
import {
  type ArgumentSpec,
  type CommandSpec,
  isGroup,
  leavesOf,
  type SpecEntry,
  type TreeSection,
} from "./spec.ts";
import {
  commonExitCodes,
  type ExitCodeRow,
  moreExitCodes,
  ownExitCodes,
  stockExitCodes,
} from "./text/exit-code-table.ts";
import { describeOption, optionSyntax } from "./text/option-words.ts";

export function renderManPage(tree: readonly TreeSection[], version: string): string {
  return [
    `.TH XSPLICE 1 "" "xsplice ${roff(version)}" "User Commands"`,
    ".SH NAME",
    "xsplice \\- live patching for the Xen hypervisor",
    ".SH SYNOPSIS",
    ".B xsplice",
    "[\\fIoptions\\fR] \\fIcommand\\fR [\\fIarguments\\fR]",
    ".SH DESCRIPTION",
    "Builds, inspects, uploads, applies, replaces and reverts live patches of a running Xen",
    "hypervisor, on this host, on another one or in a lab on this machine.",
    "The verbs of \\fBxen\\-livepatch\\fR work as they do there.",
    ".SH OPTIONS",
    ...renderOptions(globalOptionSpecs),
    ...tree.flatMap(renderSection),
    ".SH EXIT STATUS",
    "Verbs of xen\\-livepatch:",
    ...stockExitCodes.flatMap(renderExitCode),
    ".PP",
    "All other commands:",
    ...ownExitCodes.flatMap(renderExitCode),
    ...Object.entries(moreExitCodes).flatMap(([command, codes]) => [
      ".PP",
      `xsplice ${roff(command)} besides:`,
      ...codes.flatMap(renderExitCode),
    ]),
    ".PP",
    "Every command:",
    ...commonExitCodes.flatMap(renderExitCode),
    ".SH ENVIRONMENT",
    ...environment.flatMap(([name, text]) => [".TP", `.B ${name}`, roff(text)]),
    "",
  ].join("\n");
}

/** The page of one command, named `xsplice-` and its words. */
export function renderCommandPage(
  { path, spec }: { readonly path: readonly string[]; readonly spec: CommandSpec },
  version: string,
): string {
  const words = path.join(" ");
  const own = spec.kind === "stock" ? stockExitCodes : ownExitCodes;
  const [, synopsis = "", ...rest] = renderCommand(spec, words);
  return [
    `.TH ${roff(pageNameOf(path).toUpperCase())} 1 "" "xsplice ${roff(version)}" "User Commands"`,
    ".SH NAME",
    `${roff(pageNameOf(path))} \\- ${roff(spec.summary)}`,
    ".SH SYNOPSIS",
    synopsis,
    ".SH DESCRIPTION",
    ...rest,
    ".SH OPTIONS OF EVERY COMMAND",
    ...renderOptions(globalOptionSpecs),
    ".SH EXIT STATUS",
    ...[...own, ...(moreExitCodes[words] ?? []), ...commonExitCodes].flatMap(renderExitCode),
    ".SH SEE ALSO",
    ".BR xsplice (1)",
    "",
  ].join("\n");
}

export function pageNameOf(path: readonly string[]): string {
  return ["xsplice", ...path].join("-");
}

const environment: readonly (readonly [string, string])[] = [
  ["XSPLICE_HOST", "The host if --host is not given."],
  [
    "XSPLICE_DEBIAN_MIRROR",
    "The Debian mirror for parts of the lab, instead of this machine's own.",
  ],
  ["XDG_CACHE_HOME", "The directory of the cache; ~/.cache otherwise."],
  [
    "XDG_STATE_HOME",
    "Where it is kept which depot is trusted; /var/lib/xsplice for root, ~/.local/state for others.",
  ],
  ["XSPLICE_PASSPHRASE", "The passphrase of a depot's keys."],
  [
    "XSPLICE_POLICY",
    "One more policy of what may be uploaded, beside /etc/xsplice/policy.json, which counts all the same.",
  ],
  ["NO_COLOR", "Any value: no colours."],
];

function renderSection({ heading, entries }: TreeSection): string[] {
  return [`.SH ${roff(heading.replace(/:$/, "").toUpperCase())}`, ...entries.flatMap(renderEntry)];
}

function renderEntry(entry: SpecEntry): string[] {
  const about = isGroup(entry) ? entry.description.flatMap((text) => [".PP", roff(text)]) : [];
  const commands = leavesOf(entry).map(({ path, spec }) => renderCommand(spec, path.join(" ")));
  return [...about, ...commands.flat()];
}

function renderCommand(spec: CommandSpec, path: string): string[] {
  const synopsis = [`\\fBxsplice ${roff(path)}\\fR`, ...spec.arguments.map(argumentSyntax)];
  const options = spec.options.map(optionInSynopsis);
  return [
    `.SS ${roff(path)}`,
    [...synopsis, ...options].join(" "),
    ...spec.description.flatMap((text) => [".PP", roff(text)]),
    ...spec.arguments.flatMap(({ name, description }) => [".TP", `.I ${name}`, roff(description)]),
    ...renderOptions(spec.options),
    ".PP",
    "Examples:",
    ...spec.examples.flatMap(({ command, explains }) => [
      ".PP",
      `${roff(explains)}:`,
      ".PP",
      ".RS",
      ".nf",
      roff(command),
      ".fi",
      ".RE",
    ]),
  ];
}

function argumentSyntax({ name, count }: ArgumentSpec): string {
  switch (count) {
    case "one":
      return `\\fI${name}\\fR`;
    case "optional":
      return `[\\fI${name}\\fR]`;
    case "many":
      return `[\\fI${name}\\fR...]`;
    case "one-or-many":
      return `\\fI${name}\\fR...`;
  }
}

/** What has to stand there has no brackets. */
function optionInSynopsis(option: OptionSpec): string {
  const syntax = `\\fB${roff(optionSyntax(option))}\\fR`;
  return option.required === "always" ? syntax : `[${syntax}]`;
}

function renderOptions(options: readonly OptionSpec[]): string[] {
  return options.flatMap((option) => [
    ".TP",
    `.B ${roff(optionSyntax(option))}`,
    roff(describeOption(option, options)),
  ]);
}

function renderExitCode({ code, meaning }: ExitCodeRow): string[] {
  return [".TP", `.B ${code}`, roff(meaning)];
}

/** Text that roff shall take as it is: no macro at the start of a line, no typographic dash. */
function roff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^(?=[.'])/, "\\&");
}
