import { finished } from "node:stream/promises";
import type { Lab } from "../../lab/lab.ts";
import { toDocument } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { CommandCall, CommandSpec } from "../spec.ts";

export const labExecCommand: CommandSpec = {
  name: "exec",
  summary: "run a command in a lab's dom0",
  description: [
    "Passes standard input, output and error through, so it works in a pipe and as ssh's ProxyCommand. Exits with the command's exit code: 127 if there is no such command, 128 or more after a signal.",
  ],
  arguments: [
    { name: "NAME", description: "the lab", count: "one", completes: "lab" },
    { name: "COMMAND", description: "after --, with its arguments", count: "one-or-many" },
  ],
  options: [],
  examples: [
    { command: "xsplice lab exec trial -- uname -a", explains: "what dom0 is" },
    {
      command: "xsplice lab exec trial -- xen-livepatch list",
      explains: "Xen's own tool, in a lab that was started with --full",
    },
  ],
  kind: "own",
  run: async (call) => {
    const [name = "", ...command] = call.args;
    const { connectLab } = await import("../../lab/detached.ts");
    const { deadlineMs: timeoutMs } = call.globals; // For connecting; the command takes its time.
    await using lab = await connectLab(name, { signal: call.io.signal, timeoutMs });
    // Awaited here: what is returned without would outlive the connection.
    if (call.globals.output === "json") return await collected(call, lab, command);
    return await lab.guard(passedThrough(call, lab, command));
  },
};

async function collected(
  { io }: CommandCall,
  lab: Lab,
  command: readonly string[],
): Promise<number> {
  const { stdout, stderr, exitCode } = await lab.exec(command, { signal: io.signal });
  const result = { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
  io.stdout.write(toDocument("lab exec", result));
  return exitCode;
}

async function passedThrough(
  { io }: CommandCall,
  lab: Lab,
  command: readonly string[],
): Promise<number> {
  const child = lab.agent.spawn(command);
  const stop = (): void => child.kill();
  io.signal.addEventListener("abort", stop, { once: true });
  io.stdin.pipe(child.stdin);
  child.stdout.pipe(io.stdout, { end: false });
  child.stderr.pipe(io.stderr, { end: false });
  try {
    const exitCode = await child.exit;
    await Promise.all([finished(child.stdout), finished(child.stderr)]);
    return io.signal.aborted ? ExitCode.interrupted : exitCode;
  } finally {
    io.signal.removeEventListener("abort", stop);
    // A terminal as standard input would keep this process waiting for another line.
    io.stdin.unpipe(child.stdin);
    io.stdin.destroy();
  }
}
