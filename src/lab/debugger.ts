// Writes to a running guest through QEMU's debugger stub: the remote protocol of gdb, reduced to writes
// to physical memory. QEMU stops the guest when a debugger connects.

import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { toHex } from "../bytes/hex.ts";
import { LabError } from "./errors.ts";
import { RunFile } from "./machine.ts";
import type { QmpClient } from "./qmp.ts";

const ANSWER_MAX_MS = 5_000;

/** The guest is stopped meanwhile, for a few milliseconds. */
export async function writePhysical(
  qmp: QmpClient,
  folder: string,
  pieces: readonly { readonly physical: bigint; readonly bytes: Uint8Array }[],
): Promise<void> {
  await qmp.monitor(`gdbserver unix:${RunFile.debugger},server=on,wait=off`);
  try {
    const socket = connect(join(folder, RunFile.debugger));
    try {
      await expectOk(socket, "Qqemu.PhyMemMode:1");
      for (const { physical, bytes } of pieces) {
        await expectOk(
          socket,
          `M${physical.toString(16)},${bytes.length.toString(16)}:${toHex(bytes)}`,
        );
      }
      await expectOk(socket, "Qqemu.PhyMemMode:0");
      await expectOk(socket, "D");
    } finally {
      socket.destroy();
    }
  } finally {
    await qmp.monitor("gdbserver none");
    await qmp.execute("cont");
  }
}

/**
 * Sends a packet, `$TEXT#SUM`; the answer is acknowledged by a plus and has the same form. A message
 * that the guest stopped, `$T…#SUM`, may come before it.
 */
async function expectOk(socket: Socket, text: string): Promise<void> {
  const sum = [...Buffer.from(text)].reduce((total, byte) => (total + byte) & 0xff, 0);
  const answer = answerOf(socket);
  socket.write(`$${text}#${sum.toString(16).padStart(2, "0")}`);
  const content = await answer;
  socket.write("+");
  if (content === "OK") return;
  throw new LabError({
    code: "lab/memory",
    problem: `Cannot write into the guest: QEMU's debugger stub answered "${content}" to "${text.slice(0, 40)}"`,
  });
}

function answerOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = "";
    const onData = (chunk: Buffer): void => {
      seen += chunk.toString("latin1");
      const packet = /\$(?!T)([^#]*)#[0-9a-f]{2}/.exec(seen);
      if (packet) settle(() => resolve(packet[1] ?? ""));
    };
    const onEnd = (): void => settle(() => reject(noAnswer()));
    const timer = setTimeout(onEnd, ANSWER_MAX_MS);
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      socket.off("data", onData).off("close", onEnd).off("error", onEnd);
      finish();
    };
    socket.on("data", onData).on("close", onEnd).on("error", onEnd);
  });
}

function noAnswer(): LabError {
  return new LabError({
    code: "lab/memory",
    problem: "Cannot write into the guest: QEMU's debugger stub does not answer",
  });
}
