import { type Candidate, completeWords } from "../completion/complete-words.ts";
import { completionScript, type Shell, shells } from "../completion/script.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { CommandCall, TopCommand } from "../spec.ts";
import { UsageError } from "../usage-error.ts";

export const completionCommand: TopCommand = {
  name: "completion",
  description: [
    "Completes commands, options and their values, files, labs, rules, and the names of loaded payloads, for which it asks the hypervisor.",
    "With words after --, which the script passes: print what may come next.",
  ],
  arguments: [
    { name: "SHELL", description: "bash, zsh or fish", count: "one", completes: shells },
    { name: "WORD", description: "what was typed so far, after --", count: "many" },
  ],
  options: [],
  examples: [
    { command: 'eval "$(xsplice completion bash)"', explains: "for this shell, or in ~/.bashrc" },
    {
      command: "xsplice completion zsh > ~/.zfunc/_xsplice",
      explains: "zsh: into a directory of $fpath",
    },
    {
      command: "xsplice completion fish > ~/.config/fish/completions/xsplice.fish",
      explains: "fish",
    },
  ],
  kind: "own",
  run: async (call) => {
    const [name = "", ...words] = call.args;
    const shell = requireShell(name);
    if (words.length === 0) {
      const script = completionScript(shell);
      emit(call, "completion", { script }, () => script);
      return ExitCode.success;
    }
    const candidates = await findCandidates(call, words);
    emit(call, "completion", { candidates }, () =>
      candidates.map((found) => renderLine(shell, found)).join(""),
    );
    return ExitCode.success;
  },
};

function requireShell(name: string): Shell {
  const shell = shells.find((known) => known === name);
  if (shell !== undefined) return shell;
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot complete for the shell "${name}": it is not one that we know`,
    expected: shells.join(", "),
  });
}

async function findCandidates(call: CommandCall, words: readonly string[]): Promise<Candidate[]> {
  const found = completeWords(call.tree, words);
  if (found.also === "file") return [...found.words, { word: ":files", summary: undefined }];
  const { names, summary } = await namesOf(call, found.also, words);
  const current = words.at(-1) ?? "";
  const fitting = names
    .map((name) => found.before + name)
    .filter((word) => word.startsWith(current));
  return [...found.words, ...fitting.map((word) => ({ word, summary }))];
}

interface Names {
  readonly names: readonly string[];
  readonly summary: string | undefined;
}

async function namesOf(
  call: CommandCall,
  also: ReturnType<typeof completeWords>["also"],
  words: readonly string[],
): Promise<Names> {
  switch (also) {
    case "payload": {
      const host = hostOf(words) ?? call.globals.host;
      return { names: await payloadNames(call, host), summary: "payload" };
    }
    case "lab":
      return { names: await labNames(), summary: "lab" };
    case "host":
      return { names: (await labNames()).map((name) => `lab:${name}`), summary: "lab" };
    case "rule":
      return { names: (await import("../../check/rules.ts")).ruleIds, summary: "rule" };
    default:
      return { names: [], summary: undefined };
  }
}

async function labNames(): Promise<readonly string[]> {
  const { listLabs } = await import("../../lab/detached.ts");
  const labs = await listLabs().catch(() => []);
  return labs.map(({ info }) => info.name);
}

const PATIENCE_MS = 2000;

/** Somebody presses Tab: whatever goes wrong, there is just nothing to offer. */
async function payloadNames(call: CommandCall, address: string): Promise<string[]> {
  try {
    const signal = AbortSignal.any([call.io.signal, AbortSignal.timeout(PATIENCE_MS)]);
    const options = { deadlineMs: PATIENCE_MS, signal };
    await using host = await call.openHost(address, options);
    const payloads = await host.list(options);
    return payloads.map(({ name }) => name).filter(isPlainWord);
  } catch {
    return [];
  }
}

/**
 * Whoever names a payload does not write a command: bash puts a word on the line as it is, so that Enter would
 * run `$(…)` in it. Such names are typed, and quoted, by hand.
 */
function isPlainWord(name: string): boolean {
  return /^[\w.+@,/][\w.+@,/:=%-]*$/.test(name);
}

function hostOf(words: readonly string[]): string | undefined {
  const at = words.findLastIndex((word) => word === "--host" || word.startsWith("--host="));
  return at < 0 ? undefined : (words[at]?.split("=")[1] ?? words[at + 1]);
}

/** bash shows the word alone; zsh takes word:description, fish word, tab, description. */
function renderLine(shell: Shell, { word, summary }: Candidate): string {
  if (summary === undefined || shell === "bash") return `${word}\n`;
  return shell === "zsh" ? `${word.replaceAll(":", "\\:")}:${summary}\n` : `${word}\t${summary}\n`;
}
