// What a machine needs for each job, looked up here. Nothing is changed, fetched or started, save
// `--version` of compilers.

import { execFile } from "node:child_process";
import { access, constants, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findDebianMirror } from "../parts/apt-mirror.ts";
import { PartsError } from "../parts/errors.ts";
import { findProgram, inspectParts } from "../parts/parts.ts";
import { codeOfSystemError } from "../system-state.ts";
import { buildParts } from "../xen-make/tools.ts";
import type { CommandIo } from "./io.ts";
import { megabytes } from "./text/progress.ts";

interface Check {
  /** What was looked for. */
  readonly what: string;
  readonly found: string | undefined;
  /** What to do when it was not found. */
  readonly remedy: string;
}

export interface Job {
  readonly job: string;
  /** All, or one of the checks has to be good. */
  readonly needs: "all" | "one";
  readonly checks: readonly Check[];
}

const run = promisify(execFile);
const NODE_MAJOR_MIN = 20;

export function isReady({ needs, checks }: Job): boolean {
  const isGood = ({ found }: Check): boolean => found !== undefined;
  return needs === "all" ? checks.every(isGood) : checks.some(isGood);
}

export async function checkMachine(env: CommandIo["env"]): Promise<readonly Job[]> {
  const program = (name: string, remedy: string): Check => ({
    what: name,
    found: findProgram(name, env),
    remedy,
  });
  return [
    { job: "run xsplice", needs: "all", checks: [nodeCheck(), await koffiCheck()] },
    {
      job: "compile payloads from C (xsplice compile, xsplice demo)",
      needs: "one",
      checks: [await compilerCheck("gcc", env), await compilerCheck("clang", env)],
    },
    {
      job: "build payloads from source patches (xsplice build)",
      needs: "all",
      checks: [
        await compilerCheck("gcc", env),
        program("ld", "install it (Debian: binutils)"),
        ...buildParts.map((id) => partCheck(id, env)),
      ],
    },
    {
      job: "patch the hypervisor of this machine (--host local)",
      needs: "all",
      checks: [await xenCheck(), await dom0Check(), await privcmdCheck()],
    },
    {
      job: "patch hypervisors elsewhere (--host ssh:USER@HOST)",
      needs: "all",
      checks: [program("ssh", "install an ssh client (Debian: openssh-client)")],
    },
    {
      job: "fetch the parts below, and run labs (xsplice demo, xsplice lab)",
      needs: "all",
      checks: [
        ...["apt-get", "dpkg-deb", "tar", "gcc"].map((name) =>
          program(
            name,
            `the lab is made from Debian's packages, with ${name}: use Debian or Ubuntu`,
          ),
        ),
        program("flock", "install it (Debian: util-linux); it keeps two commands from interfering"),
        await mirrorCheck(env),
      ],
    },
  ];
}

function nodeCheck(): Check {
  const major = Number(process.versions.node.split(".")[0]);
  return {
    what: `Node ${NODE_MAJOR_MIN} or later`,
    found: major >= NODE_MAJOR_MIN ? process.version : undefined,
    remedy: "install a newer Node",
  };
}

async function koffiCheck(): Promise<Check> {
  const what = "koffi, for hypercalls from here";
  const remedy = `koffi has no binary for ${process.platform} ${process.arch}; --host ssh: and lab work without`;
  try {
    const { default: koffi } = await import("koffi");
    return { what, found: koffi.version, remedy };
  } catch {
    return { what, found: undefined, remedy };
  }
}

async function compilerCheck(name: string, env: CommandIo["env"]): Promise<Check> {
  const what = name;
  const remedy = `install ${name} (Debian: apt-get install ${name} libc6-dev)`;
  const path = findProgram(name, env);
  if (path === undefined) return { what, found: undefined, remedy };
  try {
    const { stdout } = await run(path, ["--version"]);
    return { what, found: `${path}, ${stdout.split("\n")[0] ?? ""}`, remedy };
  } catch {
    return { what, found: undefined, remedy: `${path} does not run; ${remedy}` };
  }
}

/** Nothing to do in either case: it is fetched by the command that needs it. */
function partCheck(id: string, env: CommandIo["env"]): Check {
  const [part] = inspectParts([id], { environment: env });
  const found =
    part?.state.kind === "provided"
      ? part.state.program
      : part?.state.kind === "cached"
        ? `fetched, in ${part.state.root}`
        : `fetched when it is needed, without root (${megabytes(part?.definition.approximateBytes ?? 0)})`;
  return { what: id, found, remedy: "" };
}

/** Looks at apt's configuration only; the mirror itself is not asked. */
async function mirrorCheck(env: CommandIo["env"]): Promise<Check> {
  const what = "the address of a Debian mirror";
  const scratch = await mkdtemp(join(tmpdir(), `xsplice-doctor-${process.pid}-`));
  try {
    const { main, origin } = await findDebianMirror(scratch, env);
    return { what, found: `${main}, from ${origin}`, remedy: "" };
  } catch (error) {
    if (!(error instanceof PartsError)) throw error;
    return { what, found: undefined, remedy: error.report.remedy ?? error.report.problem };
  } finally {
    await rm(scratch, { recursive: true });
  }
}

async function xenCheck(): Promise<Check> {
  const what = "a Xen hypervisor below this system";
  const type = await textOf("/sys/hypervisor/type");
  const found = type === "xen" ? "/sys/hypervisor/type says xen" : undefined;
  return { what, found, remedy: "this is not a Xen host; try --host ssh: or lab" };
}

async function dom0Check(): Promise<Check> {
  const what = "this system is dom0, which may patch";
  const capabilities = await textOf("/proc/xen/capabilities");
  const features = Number((await textOf("/sys/hypervisor/properties/features")) ?? "NaN");
  // Bit 11 of the features that Xen tells a guest is XENFEAT_dom0.
  const DOM0_FEATURE = 1 << 11;
  const isDom0 =
    capabilities?.includes("control_d") === true ||
    (Number.isInteger(features) && (features & DOM0_FEATURE) !== 0);
  const remedy = "run it in dom0, the first system that Xen starts";
  return { what, found: isDom0 ? "yes" : undefined, remedy };
}

async function privcmdCheck(): Promise<Check> {
  const what = "/dev/xen/privcmd, the device for hypercalls";
  try {
    await access("/dev/xen/privcmd", constants.R_OK | constants.W_OK);
    return { what, found: "may be used", remedy: "" };
  } catch (error) {
    const remedy =
      codeOfSystemError(error) === "EACCES"
        ? "run as root"
        : 'in dom0: "modprobe xen-privcmd"; elsewhere there is none';
    return { what, found: undefined, remedy };
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    return undefined;
  }
}
