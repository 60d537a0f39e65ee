// A connected seat of a running machine: the monitor of its QEMU and the agent of its dom0.

import { connect } from "node:net";
import { join } from "node:path";
import { AgentClient } from "../agent/client.ts";
import { agentSocket, monitorSocket } from "./machine.ts";
import { QmpClient } from "./qmp.ts";
import { claimSeat, type Seat } from "./seat.ts";

export interface Seated {
  readonly seat: Seat;
  readonly qmp: QmpClient;
}

/** Only the monitor: QEMU has it long before dom0 is up. */
export async function connectMonitor(
  folder: string,
  label: string,
  stillWanted: () => void,
): Promise<Seated> {
  const seat = claimSeat(folder, label);
  try {
    return {
      seat,
      qmp: await QmpClient.connect(join(folder, monitorSocket(seat.index)), stillWanted),
    };
  } catch (error) {
    seat.release();
    throw error;
  }
}

/** @throws AgentError agent/no-answer, agent/disconnected, agent/aborted */
export function connectAgent(
  folder: string,
  seat: number,
  options: { readonly label: string; readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<AgentClient> {
  return AgentClient.connect(connect(join(folder, agentSocket(seat))), options);
}
