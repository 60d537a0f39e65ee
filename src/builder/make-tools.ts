// The programs that Xen's make files call: found on this machine, or, where flex, bison and m4 are
// missing, taken from the parts. What is found becomes the whole environment of make, so that no
// variable of the user's shell changes what is compiled.

import { delimiter, join } from "node:path";
import type { Environment } from "../parts/cache-folder.ts";
import { findProgram, type PartsOptions, requirePart } from "../parts/parts.ts";
import { runProcess } from "../parts/run-process.ts";
import type { Architecture } from "../xen-abi/architecture.ts";
import { BuildError } from "./make-errors.ts";

const GENERATORS_PART = "parser-generators";
const generators = ["flex", "bison", "m4"] as const;

export interface MakeTools {
  /** Of make, and all that it calls. */
  readonly environment: Readonly<Record<string, string>>;
  /** `NAME=VALUE` arguments of make. */
  readonly variables: readonly string[];
  /** First line of `--version`. */
  readonly compilerVersion: string;
  /** The compiler's command. */
  readonly compiler: string;
}

export interface MakeToolsOptions extends PartsOptions {
  readonly architecture: Architecture;
  /** A name on the PATH or a path; gcc for the architecture if undefined. */
  readonly compiler: string | undefined;
}

/** From where programs may read settings that do not change what they make. */
const passedOn = ["HOME", "TMPDIR", "CCACHE_DIR"] as const;

/** Parts to fetch before findMakeTools(): what this machine has not. */
export function partsForBuild(environment: Environment = process.env): readonly string[] {
  return hasGenerators(environment) ? [] : [GENERATORS_PART];
}

/** @throws BuildError build/no-build-tools; PartsError parts/missing */
export async function findMakeTools(options: MakeToolsOptions): Promise<MakeTools> {
  const { environment: own = process.env, architecture } = options;
  const foreign = hostArchitecture() !== architecture;
  const prefix = foreign ? `${architecture}-linux-gnu-` : "";
  const compiler = options.compiler ?? `${prefix}gcc`;
  const missing = ["make", "gcc", "python3", `${prefix}ld`].filter(
    (name) => findProgram(name, own) === undefined,
  );
  if (missing.length > 0) throw noTools(missing);
  const environment = {
    PATH: own["PATH"] ?? "",
    LC_ALL: "C",
    ...Object.fromEntries(
      passedOn.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]])),
    ),
    ...generatorsEnvironment(options, own["PATH"] ?? ""),
  };
  const [version, python] = await Promise.all([
    runProcess([compiler, "--version"], { env: environment }),
    runProcess(["python3", "-c", "import sys; print(sys.executable)"], { env: environment }),
  ]);
  if (version.exitCode !== 0) throw noTools([compiler]);
  const variables = [
    `XEN_TARGET_ARCH=${architecture === "aarch64" ? "arm64" : "x86_64"}`,
    ...(foreign ? [`CROSS_COMPILE=${prefix}`] : []),
    ...(options.compiler === undefined ? [] : [`CC=${compiler}`]),
    // Not the starter script of a version manager, which make would run a hundred times.
    ...(python.exitCode === 0 ? [`PYTHON=${python.stdout.trim()}`] : []),
  ];
  const compilerVersion = version.stdout.split("\n")[0] ?? "";
  return { environment, variables, compilerVersion, compiler };
}

function hostArchitecture(): Architecture {
  return process.arch === "arm64" ? "aarch64" : "x86_64";
}

function hasGenerators(environment: Environment): boolean {
  return generators.every((name) => findProgram(name, environment) !== undefined);
}

/** Paths that make those of the part work from where they lie. */
function generatorsEnvironment(options: PartsOptions, path: string): Record<string, string> {
  const { environment = process.env } = options;
  if (hasGenerators(environment)) return {};
  const part = requirePart(GENERATORS_PART, options);
  if (part.kind !== "cached") throw noTools(generators);
  const { root } = part;
  return {
    PATH: [join(root, "usr/bin"), path].join(delimiter),
    BISON_PKGDATADIR: join(root, "usr/share/bison"),
    M4: join(root, "usr/bin/m4"),
  };
}

function noTools(missing: readonly string[]): BuildError {
  return new BuildError({
    code: "build/no-build-tools",
    problem: `Cannot build Xen's objects: this machine has no ${missing.join(", no ")}`,
    expected: "make, gcc, binutils and python3; flex, bison and m4 are fetched when missing",
    remedy: "install them, as root on Debian: apt-get install make gcc python3",
  });
}
