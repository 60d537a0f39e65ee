// Whether a changed make file or Kconfig file can run a command as soon as it is read, not when what it
// describes is made. GNU make does so for `$(shell ...)`, `NAME != ...` and functions that are called by a
// computed name, and it loads code by `load`; in Kconfig every macro may be `$(shell,...)`. This is about plain
// forms: Xen's own macros run the compiler with what they are given, which no reading of lines can judge.

/** Anywhere in a line: also a recipe is expanded by a dry run. */
const FUNCTION =
  /\$[({][ \t]*(shell|guile|file|eval)\b|\$[({][ \t]*call[ \t]+([^,)}]*\$|(shell|guile|file|eval)\b)/;
/** Of what is not a recipe. */
const DIRECTIVE =
  /^[^#:=]*!=|^[ \t]*-?load[ \t]|^[ \t]*((override|export)[ \t]+)*(\.?SHELL|\.SHELLFLAGS|MAKE|(GNU)?MAKEFLAGS)[ \t]*[:?+]*=/;
const MACRO = /\$\(/;

/** The first line of `after` that can and is not in `before`, without blanks around it. */
export function commandInRule(
  language: "make" | "Kconfig",
  before: string,
  after: string,
): string | undefined {
  const known = new Set(logicalLines(before));
  const isNew = (line: string) => !known.has(line) && !/^[ \t]*#/.test(line);
  const canRun = { make: canRunInMake, Kconfig: (line: string) => MACRO.test(line) }[language];
  return logicalLines(after)
    .find((line) => isNew(line) && canRun(line))
    ?.trim();
}

function canRunInMake(line: string): boolean {
  return FUNCTION.test(line) || (!line.startsWith("\t") && DIRECTIVE.test(line));
}

/** Continued lines joined. */
function logicalLines(text: string): readonly string[] {
  return text.replaceAll(/\\\r?\n[ \t]*/g, " ").split("\n");
}
