// Whether the QEMU of a run directory is running. It holds the lock in the directory, so the lock shows
// it. A directory may have no lock: an earlier release made it, or a program that cleans /tmp removed
// it. Then the supervisor's last file shows that QEMU ended, or a connection to its monitor does: a
// socket without a listener refuses connections, also from another container.

import { existsSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { occupancyOf } from "../files/claimed-folder.ts";
import { codeOfSystemError } from "../system-state.ts";
import { monitorSocket, RunFile, SEATS } from "./machine.ts";

export type RunState =
  | { readonly kind: "running" }
  | { readonly kind: "ended" }
  /** The state is unknown: the directory stays. */
  | { readonly kind: "unknown"; readonly because: string };

/** A QEMU that is just starting takes no connection yet. */
const STARTING_MS = 60_000;

/** @throws LockError files/no-flock */
export async function stateOfRun(folder: string): Promise<RunState> {
  const occupancy = occupancyOf(folder);
  if (occupancy.kind === "held") return { kind: "running" };
  if (occupancy.kind === "abandoned") return { kind: "ended" };
  if (occupancy.kind === "unclear") return { kind: "unknown", because: occupancy.because };
  // Its supervisor recorded the end, and does not use the directory any more.
  if (existsSync(join(folder, RunFile.exitStatus))) return { kind: "ended" };
  const listener = await findListener(folder);
  if (listener === "there") return { kind: "running" };
  if (occupancy.ageMs < STARTING_MS) return { kind: "running" };
  if (listener === "gone" || isEmpty(folder)) return { kind: "ended" };
  const because = "it has no claim.lock and no socket that could say whether its QEMU lives";
  return { kind: "unknown", because };
}

/** "gone": a socket exists, but has no listener. */
async function findListener(folder: string): Promise<"there" | "gone" | "never seen"> {
  let found: "gone" | "never seen" = "never seen";
  for (let seat = SEATS - 1; seat >= 0; seat--) {
    const answer = await answerOf(join(folder, monitorSocket(seat)));
    if (answer === "ECONNREFUSED") found = "gone";
    // Any other error, a full queue for instance, means that there is a listener.
    else if (answer !== "ENOENT") return "there";
  }
  return found;
}

/** The code of the system's error; "connected" without one. */
function answerOf(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("error", (error) => resolve(codeOfSystemError(error) ?? "failed"));
    socket.once("connect", () => {
      socket.destroy();
      resolve("connected");
    });
  });
}

function isEmpty(folder: string): boolean {
  return readdirSync(folder).length === 0;
}
