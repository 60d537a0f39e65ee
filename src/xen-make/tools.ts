// The programs that Xen's make files call: the machine's own, or, but for the compiler, those of
// parts, which are fetched. What is found becomes the whole environment of make, so that no variable
// of the user's shell changes what is compiled.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { BuildError } from "../build-outcome/build-error.ts";
import type { Architecture } from "../isa/architecture.ts";
import { fetchMissing } from "../parts/fetch-missing.ts";
import { findProgram, inspectParts, type PartsOptions, requirePart } from "../parts/parts.ts";
import { pathWithParts } from "../parts/programs.ts";
import { runProcess } from "../parts/run-process.ts";
import { ASK_TARGET, whyWrongTarget } from "./compilers/target.ts";
import { alsoShowing, findSandbox, SANDBOX_PART } from "./sandbox/find-sandbox.ts";
import { environmentIn, type Sandbox } from "./sandbox/sandbox.ts";

/** What make runs, each fetched where the machine has none. */
const programParts = ["make", "python3", "parser-generators"] as const;
/** What building needs besides the compiler. Only the last one may be missing in the end. */
export const buildParts = [...programParts, SANDBOX_PART] as const;
/** Of those parts, and what comes with a compiler. */
const programs = ["make", "python3", "flex", "bison", "m4", "ld"];

export interface MakeTools {
  /** Of make, and all that it calls. */
  readonly environment: Readonly<Record<string, string>>;
  /** `NAME=VALUE` arguments of make. */
  readonly variables: readonly string[];
  /** First line of `--version`. */
  readonly compilerVersion: string;
  /** The compiler's command. */
  readonly compiler: string;
  /** In which all of it runs. */
  readonly sandbox: Sandbox;
}

export interface MakeToolsOptions extends PartsOptions {
  readonly architecture: Architecture;
  /** A name on the PATH or a path; gcc for the architecture if undefined. */
  readonly compiler: string | undefined;
  readonly sandbox?: SandboxWish | undefined;
  readonly onProgress?: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** `auto`: where the machine can. */
export type SandboxWish = "auto" | "none";

/** From where programs may read settings that do not change what they make. */
const passedOn = ["HOME", "TMPDIR", "CCACHE_DIR"] as const;

/** @throws BuildError build/no-build-tools; PartsError of a part that cannot be had */
export async function findMakeTools(options: MakeToolsOptions): Promise<MakeTools> {
  const { environment: own = process.env, architecture } = options;
  const foreign = hostArchitecture() !== architecture;
  const prefix = foreign ? `${architecture}-linux-gnu-` : "";
  const compiler = options.compiler ?? `${prefix}gcc`;
  const missing = ["gcc", `${prefix}ld`].filter((name) => findProgram(name, own) === undefined);
  if (missing.length > 0) throw noTools(missing, architecture);
  if (inspectParts(programParts, options).some(({ state }) => state.kind === "missing")) {
    const { onProgress = () => {} } = options;
    await fetchMissing(programParts, {
      ...options,
      onProgress: ({ kind, text }) => kind === "note" && onProgress(text),
    });
  }
  const environment = {
    PATH: pathWithParts(programParts, options),
    LC_ALL: "C",
    ...Object.fromEntries(
      passedOn.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]])),
    ),
    ...generatorsEnvironment(options),
  };
  const [version, target, python, found] = await Promise.all([
    runProcess([compiler, "--version"], { env: environment }),
    runProcess([compiler, ASK_TARGET], { env: environment }),
    findPython(options, environment),
    sandboxFor(options, { compiler, environment }),
  ]);
  if (version.exitCode !== 0) throw badCompiler(compiler);
  requireTarget(compiler, version.stdout, target, architecture);
  const variables = [
    `XEN_TARGET_ARCH=${architecture === "aarch64" ? "arm64" : "x86_64"}`,
    ...(foreign ? [`CROSS_COMPILE=${prefix}`] : []),
    ...(options.compiler === undefined ? [] : [`CC=${compiler}`]),
    ...(python === undefined ? [] : [`PYTHON=${python}`]),
  ];
  const compilerVersion = version.stdout.split("\n")[0] ?? "";
  // It is the program itself, not what the PATH has under its name; one of a part is shown already.
  const sandbox = isPath(python) ? alsoShowing(found, python, own["HOME"]) : found;
  const inside = environmentIn(sandbox, environment);
  return { environment: inside, variables, compilerVersion, compiler, sandbox };
}

function isPath(command: string | undefined): command is string {
  return command?.startsWith("/") ?? false;
}

async function sandboxFor(
  { sandbox = "auto", ...from }: MakeToolsOptions,
  tools: Pick<MakeTools, "compiler" | "environment">,
): Promise<Sandbox> {
  if (sandbox === "none") return { kind: "none", because: "it was not wanted", isWanted: true };
  return findSandbox({ ...tools, programs, parts: programParts, from });
}

function hostArchitecture(): Architecture {
  return process.arch === "arm64" ? "aarch64" : "x86_64";
}

/** What stands before a script's name; undefined for whatever Xen's make files find. */
async function findPython(
  options: PartsOptions,
  env: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const part = requirePart("python3", options);
  if (part.kind === "cached") {
    const { root } = part;
    // Its libraries are for it alone: the compiler has its own.
    const libraries = ["usr/lib", "lib"].map((name) =>
      join(root, name, `${hostArchitecture()}-linux-gnu`),
    );
    return [
      "env",
      `LD_LIBRARY_PATH=${libraries.filter((folder) => existsSync(folder)).join(delimiter)}`,
      `PYTHONHOME=${join(root, "usr")}`,
      join(root, "usr/bin/python3"),
    ].join(" ");
  }
  // Without the packages that are installed for it, which take as long as all else.
  const question = ["-S", "-E", "-c", "import sys; print(sys.executable)"];
  const asked = await runProcess(["python3", ...question], { env });
  // Not the starter script of a version manager, which make would run a hundred times.
  return asked.exitCode === 0 ? asked.stdout.trim() : undefined;
}

/** Paths that make those of the part work from where they lie. */
function generatorsEnvironment(options: PartsOptions): Record<string, string> {
  const part = requirePart("parser-generators", options);
  if (part.kind !== "cached") return {};
  return {
    BISON_PKGDATADIR: join(part.root, "usr/share/bison"),
    M4: join(part.root, "usr/bin/m4"),
  };
}

function requireTarget(
  compiler: string,
  version: string,
  { exitCode, stdout }: { readonly exitCode: number | undefined; readonly stdout: string },
  architecture: Architecture,
): void {
  if (exitCode !== 0 || /\bclang\b/.test(version)) return;
  const wrong = whyWrongTarget(stdout, architecture);
  if (wrong === undefined) return;
  const { state, expected, remedy } = wrong;
  const problem = `Cannot compile with "${compiler}": ${state}`;
  throw new BuildError({ code: "build/no-build-tools", problem, expected, remedy });
}

function badCompiler(compiler: string): BuildError {
  return new BuildError({
    code: "build/no-build-tools",
    problem: `Cannot compile with "${compiler}": no program of this name answers to --version`,
    expected: "the name or the path of a compiler, without options",
    remedy:
      "give the compiler that made the hypervisor by --cc, or by CC in the environment; with neither it is gcc",
  });
}

function noTools(missing: readonly string[], architecture: Architecture): BuildError {
  const isForeign = hostArchitecture() !== architecture;
  const foreign = isForeign ? ` gcc-${architecture.replace("_", "-")}-linux-gnu` : "";
  return new BuildError({
    code: "build/no-build-tools",
    problem: `Cannot build Xen's objects: this machine has no ${missing.join(", no ")}`,
    expected: "gcc and binutils; make, python3, flex, bison and m4 are fetched when missing",
    remedy: `install it, as root on Debian: apt-get install gcc${foreign}${isForeign ? "; --base debian-arm64:VERSION brings its own" : ""}`,
  });
}
