import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { XspliceError } from "../../error.ts";
import type { LabInfo } from "../../lab/lab-info.ts";
import { killStarted, newMark } from "../../processes/mark.ts";
import { stateOfProgram } from "../../system-state.ts";
import { toDocument } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { labOptions, readLabOptions } from "../options/lab.ts";
import type { CommandCall, CommandSpec } from "../spec.ts";
import { progressLine } from "../text/progress.ts";

export const labRunCommand: CommandSpec = {
  name: "run",
  summary: "run a command on this machine against a fresh lab",
  description: [
    "The command runs on this machine, not in the lab. XSPLICE_HOST makes every xsplice that it starts use the lab; XSPLICE_XEN_SYMS is the file with the hypervisor's symbols. The lab ends with the command, and its exit code is passed on.",
  ],
  arguments: [
    { name: "COMMAND", description: "after --, with its arguments", count: "one-or-many" },
  ],
  options: labOptions,
  examples: [
    { command: "xsplice lab run -- xsplice info", explains: "what Xen 4.17 says of itself" },
    {
      command: "xsplice lab run --xen 4.20 -- sh -c 'xsplice load fix.livepatch && ./check.sh'",
      explains: "try a payload on 4.20",
    },
  ],
  kind: "own",
  run: async (call) => {
    const progress = progressLine(call.io);
    const options = await readLabOptions(call, progress);
    const { openLab } = await import("../../lab/open-lab.ts");
    // By this name the command finds the lab, so no other may take it meanwhile.
    await using lab = await openLab({ ...options, name: `run-${process.pid}` });
    progress.end();
    return await runBeside(call, lab.info); // Awaited: the lab has to last as long.
  },
};

/** After ^C: the command may clean up what it has put into the lab. */
const PATIENCE_MS = 5000;

class CommandError extends XspliceError<"lab/cannot-run"> {}

async function runBeside({ args, io, globals }: CommandCall, lab: LabInfo): Promise<number> {
  const [command = "", ...rest] = args;
  const isJson = globals.output === "json";
  const mark = newMark({
    ...io.env,
    XSPLICE_HOST: `lab:${lab.name}`,
    ...(lab.symbols === undefined ? {} : { XSPLICE_XEN_SYMS: lab.symbols }),
  });
  // The terminal is handed through, unless the output has to fit into a document.
  const output = isJson ? "pipe" : "inherit";
  const child = spawn(command, rest, {
    env: mark.environment,
    stdio: ["inherit", output, output],
  });
  const said = { stdout: "", stderr: "" };
  // Decoded as a stream: a character may lie across two chunks.
  child.stdout?.setEncoding("utf8").on("data", (text) => {
    said.stdout += String(text);
  });
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    said.stderr += String(text);
  });
  let force: NodeJS.Timeout | undefined;
  const kill = (): void => {
    killStarted(child.pid, mark);
    child.kill("SIGKILL");
    for (const stream of [child.stdout, child.stderr]) stream?.destroy();
  };
  const stop = (): void => {
    child.kill("SIGTERM");
    force = setTimeout(kill, PATIENCE_MS);
  };
  io.signal.addEventListener("abort", stop, { once: true });
  try {
    await once(child, "close");
    const exitCode = child.exitCode ?? 128 + constants.signals[child.signalCode ?? "SIGKILL"];
    if (isJson) io.stdout.write(toDocument("lab run", { exitCode, ...said }));
    return io.signal.aborted ? ExitCode.interrupted : exitCode;
  } catch (cause) {
    throw cannotRun(command, cause);
  } finally {
    clearTimeout(force);
    io.signal.removeEventListener("abort", stop);
    if (io.signal.aborted) killStarted(undefined, mark);
  }
}

function cannotRun(command: string, cause: unknown): CommandError {
  const problem = `Cannot run "${command}": ${stateOfProgram(cause)}`;
  return new CommandError({ code: "lab/cannot-run", problem }, { cause });
}
