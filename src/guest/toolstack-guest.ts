// A guest of the kind PVH or PV, which takes a toolstack: Xen's own xl, in a lab that has it. What HVM
// guests need is in guest.ts.

import { randomBytes } from "node:crypto";
import type { Lab } from "../lab/lab.ts";
import { GuestError } from "./errors.ts";
import { Guardian } from "./guardian.ts";
import { Guest, type OwnWays } from "./guest.ts";
import { type GuestOptions, guestMemoryMb } from "./guest-options.ts";
import { handleOfGuest } from "./handle.ts";
import type { GuestImage } from "./image.ts";
import { emptyMailbox, MAILBOX_ADDRESS } from "./mailbox.ts";
import { writeGuestMemory } from "./memory.ts";
import { pvhFile } from "./pvh-file.ts";

/** The smallest that xl's own estimates leave room in. */
const MEMORY_MB = 32;
const NAME = "xsplice-";
const FOLDER = "/tmp/xsplice-guests";
const CONSOLES = `${FOLDER}/consoles`;

/** What a guest is started from. */
export type GuestProgram = GuestImage | ToolstackProgram;

type ToolstackProgram =
  | { readonly kind: "pvh"; readonly image: GuestImage }
  /** An ELF file with Xen's notes; it has no mailbox, and prints on its console. */
  | { readonly kind: "pv"; readonly file: Uint8Array };

/** What xl needs and a lab does not start by itself: both stay. */
const START_TOOLSTACK = `command -v xl >/dev/null || exit 90
mkdir -p ${CONSOLES}
pid=/var/run/xenconsoled.pid
[ -e "$pid" ] && kill -0 "$(cat "$pid")" 2>/dev/null && exit 0
xen-init-dom0 >/dev/null && xenconsoled --log=guest --log-dir=${CONSOLES} --pid-file="$pid"`;
const NO_TOOLSTACK = 90;

/** By hypercalls alone where that suffices. @throws GuestError, HostError, LabError */
export async function startGuest(
  lab: Lab,
  program: GuestProgram,
  options: GuestOptions = {},
): Promise<Guest> {
  if (!("kind" in program)) return await Guest.start(lab, program, options);
  return await startByToolstack(lab, program, options.memoryMb);
}

/** A guest of this lab that somebody else started, of any kind. @throws GuestError guest/unknown */
export async function findGuest(lab: Lab, domain: number): Promise<Guest> {
  const guest = await Guest.find(lab, domain);
  const script = `command -v xl >/dev/null && xl domname ${domain} 2>/dev/null || true`;
  const name = (await run(lab, script)).trim();
  return name.startsWith(NAME) ? new Guest(lab, domain, ownWays(lab, name)) : guest;
}

/** @throws GuestError guest/unsupported with xl's words; LabError */
async function startByToolstack(
  lab: Lab,
  program: ToolstackProgram,
  memoryMb: number = MEMORY_MB,
): Promise<Guest> {
  requireMemory(memoryMb);
  await startToolstack(lab);
  const name = `${NAME}${randomBytes(4).toString("hex")}`;
  const file = program.kind === "pvh" ? pvhFile(program.image) : program.file;
  const base = `${FOLDER}/${name}`;
  await run(lab, `cat >${base}.elf`, file);
  await run(lab, `cat >${base}.cfg`, configOf(program.kind, name, memoryMb));
  const ways = ownWays(lab, name);
  const guardian = await Guardian.post(lab, `xl create -q -e -p ${base}.cfg`, destruction(name));
  if (!(guardian instanceof Guardian)) throw unsupported(lab, guardian.failure);
  const keep = (): Promise<void> => guardian.dismiss();
  try {
    const domain = Number(await run(lab, `xl domid ${name}`));
    if (program.kind === "pvh") {
      await writeGuestMemory(lab, domain, MAILBOX_ADDRESS, emptyMailbox());
    }
    await run(lab, `xl unpause ${name}`);
    const destroy = (): Promise<void> => ways.destroy().then(keep);
    const text = program.kind === "pv" ? { text: ways.text } : {};
    return new Guest(lab, domain, { destroy, keep, ...text });
  } catch (error) {
    await ways
      .destroy()
      .then(keep)
      .catch(() => undefined); // The first reason counts.
    throw error;
  }
}

/** As a toolstack's guest ends, and a PV one prints. */
function ownWays(lab: Lab, name: string): Required<Omit<OwnWays, "keep">> {
  return {
    destroy: async () => void (await run(lab, destruction(name))),
    text: () => run(lab, `cat ${CONSOLES}/guest-${name}.log 2>/dev/null || true`),
  };
}

/** For a shell. */
function destruction(name: string): string {
  return `! xl domid ${name} >/dev/null 2>&1 || xl destroy ${name}; rm -f ${FOLDER}/${name}.*`;
}

async function startToolstack(lab: Lab): Promise<void> {
  const { exitCode, stderr } = await lab.exec(["sh", "-c", START_TOOLSTACK]);
  if (exitCode === 0) return;
  throw unsupported(
    lab,
    exitCode === NO_TOOLSTACK ? "its dom0 has no toolstack" : stderr.toString().trim(),
    "start the lab with --full; a guest of the kind hvm needs no toolstack",
  );
}

/** What is left of a guest that ended is looked at before it goes. */
function configOf(kind: ToolstackProgram["kind"], name: string, memoryMb: number): string {
  const hex = Buffer.from(handleOfGuest.make()).toString("hex");
  const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  return [
    `name = "${name}"`,
    `uuid = "${uuid}"`,
    `type = "${kind}"`,
    `kernel = "${FOLDER}/${name}.elf"`,
    `memory = ${memoryMb}`,
    "vcpus = 1",
    ...["poweroff", "reboot", "crash"].map((event) => `on_${event} = "preserve"`),
    "",
  ].join("\n");
}

/** What it prints. */
async function run(lab: Lab, script: string, stdin?: Uint8Array | string): Promise<string> {
  const { exitCode, stdout, stderr } = await lab.exec(["sh", "-c", script], {
    ...(stdin !== undefined && { stdin }),
  });
  if (exitCode === 0) return stdout.toString();
  throw unsupported(lab, stderr.toString().trim() || `${script} ended with ${exitCode}`);
}

function requireMemory(memoryMb: number): void {
  const { max } = guestMemoryMb;
  if (Number.isInteger(memoryMb) && memoryMb >= 1 && memoryMb <= max) return;
  throw new GuestError({
    code: "guest/bad-argument",
    problem: `Cannot start a guest with ${memoryMb} MiB of memory: that is no possible size`,
    expected: `whole MiB, 1 to ${max}`,
  });
}

function unsupported(lab: Lab, where: string, remedy?: string): GuestError {
  return new GuestError({
    code: "guest/unsupported",
    problem: `Cannot start a guest in ${lab.label} by its toolstack`,
    where,
    ...(remedy !== undefined && { remedy }),
  });
}
