// Whether this machine can run a build in a sandbox: bubblewrap is there, or fetched, and the kernel
// lets this user make namespaces. Containers often do not.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../parts/cache-folder.ts";
import { PartsError } from "../../parts/errors.ts";
import { fetchMissing } from "../../parts/fetch-missing.ts";
import { findProgram, inspectParts, type PartsOptions, requirePart } from "../../parts/parts.ts";
import { runProcess } from "../../parts/run-process.ts";
import { mountsOf, placesOf, systemMounts } from "./mounts.ts";
import { confined, environmentIn, type Sandbox } from "./sandbox.ts";

export const SANDBOX_PART = "bubblewrap";

export interface SandboxRequest {
  /** Of make. */
  readonly environment: Readonly<Record<string, string>>;
  readonly compiler: string;
  /** Other programs that make runs. */
  readonly programs: readonly string[];
  /** Parts that programs are taken from. */
  readonly parts: readonly string[];
  readonly from: PartsOptions & {
    readonly onProgress?: (text: string) => void;
    readonly signal?: AbortSignal | undefined;
  };
}

/** @throws the reason of the signal */
export async function findSandbox(request: SandboxRequest): Promise<Sandbox> {
  try {
    return await tryOut(request, await bubblewrapOf(request.from));
  } catch (error) {
    if (!(error instanceof PartsError)) throw error;
    return none(`bubblewrap is not installed and cannot be fetched: ${error.report.problem}`);
  }
}

/** The program. @throws PartsError */
async function bubblewrapOf(from: SandboxRequest["from"]): Promise<string> {
  const { onProgress = () => {} } = from;
  const [known] = inspectParts([SANDBOX_PART], from);
  if (known?.state.kind === "missing") {
    await fetchMissing([SANDBOX_PART], {
      ...from,
      onProgress: ({ kind, text }) => kind === "note" && onProgress(text),
    });
  }
  const part = requirePart(SANDBOX_PART, from);
  return part.kind === "provided" ? part.program : join(part.root, "usr/bin/bwrap");
}

/** The compiler itself is the first that runs there. */
async function tryOut(request: SandboxRequest, program: string): Promise<Sandbox> {
  const sandbox: Sandbox = {
    kind: "bubblewrap",
    program,
    fixed: [
      ...["--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts"],
      // With the process that started it goes all that it started.
      ...["--die-with-parent", "--cap-drop", "ALL"],
      ...systemMounts(toolPlaces(request)),
    ],
  };
  const argv = confined(sandbox, [request.compiler, "--version"], { tree: "/usr", access: "read" });
  const env = { ...environmentIn(sandbox, request.environment) };
  const { exitCode, stderr } = await runProcess(argv, { env, signal: request.from.signal });
  if (exitCode === 0) return sandbox;
  const [said = `${request.compiler} does not run in it`] = stderr.split("\n").filter(Boolean);
  return none(said);
}

function toolPlaces({ environment, compiler, programs, parts, from }: SandboxRequest): string[] {
  const roots = parts.flatMap((id) => {
    const part = requirePart(id, from);
    return part.kind === "cached" ? [part.root] : [];
  });
  const found = [compiler, ...programs].flatMap((name) => pathOf(name, environment) ?? []);
  const isOfPart = (file: string) => roots.some((root) => file.startsWith(`${root}/`));
  const home = environment["HOME"];
  const places = found.filter((file) => !isOfPart(file)).flatMap((file) => placesOf(file, home));
  return [...new Set([...roots, ...places])];
}

/** The same with a program that was found later. */
export function alsoShowing(sandbox: Sandbox, program: string, home: string | undefined): Sandbox {
  if (sandbox.kind === "none") return sandbox;
  return { ...sandbox, fixed: [...sandbox.fixed, ...mountsOf(placesOf(program, home))] };
}

function pathOf(program: string, environment: Environment): string | undefined {
  if (program.includes("/")) return existsSync(program) ? program : undefined;
  return findProgram(program, environment);
}

function none(because: string): Sandbox {
  return { kind: "none", because, isWanted: false };
}
