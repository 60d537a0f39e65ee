// The QEMU that runs a lab: the machine's own, or the downloaded one.

import { join } from "node:path";
import type { PartState } from "../parts/parts.ts";
import { runProcess } from "../parts/run-process.ts";
import { digestOf } from "./digest.ts";
import { LabError } from "./errors.ts";
import { withOwnLibraries } from "./own-libraries.ts";
import type { LabArchitecture } from "./start/board.ts";

export interface QemuProgram {
  /** Program and first arguments. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** A snapshot can only be restored by the QEMU that made it. */
  readonly identity: string;
}

/** The part that brings it, and the program. */
export const qemuOf = {
  x86_64: { part: "qemu", program: "qemu-system-x86_64" },
  arm64: { part: "qemu-arm64", program: "qemu-system-aarch64" },
} as const satisfies Record<LabArchitecture, unknown>;

/** @throws LabError lab/boot-failed when the machine's own QEMU cannot print its version */
export async function openQemu(
  part: Exclude<PartState, { kind: "missing" }>,
  architecture: LabArchitecture,
): Promise<QemuProgram> {
  if (part.kind === "provided") {
    const { exitCode, stdout, stderr } = await runProcess([part.program, "--version"]);
    if (exitCode !== 0) {
      throw new LabError({
        code: "lab/boot-failed",
        problem: `Cannot run "${part.program}": it ended with ${exitCode ?? "a signal"}`,
        where: stderr.trim(),
        remedy: "repair or remove this machine's QEMU; without one, a lab brings its own",
      });
    }
    return { argv: [part.program], env: {}, identity: digestOf(part.program, stdout) };
  }
  const { root, manifest } = part;
  return {
    argv: [
      ...withOwnLibraries(root, `usr/bin/${qemuOf[architecture].program}`),
      ...["-L", join(root, "usr/share/qemu"), "-L", join(root, "usr/share/seabios")],
    ],
    env: { QEMU_MODULE_DIR: join(root, "usr/lib/x86_64-linux-gnu/qemu") },
    identity: manifest.identity,
  };
}
