// QEMU's machine protocol: lines of JSON over a Unix socket. A request gets one answer; events come
// in between.

import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { LabError } from "./errors.ts";

const CONNECT_INTERVAL_MS = 3;
/** A QEMU that was stopped accepts connections, but does not answer. */
const GREETING_INTERVAL_MS = 20;

interface PendingRequest {
  readonly command: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class QmpClient {
  /** Resolves when QEMU has ended, or this client was closed. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #pending = new Map<number, PendingRequest>();
  #lastId = 0;
  #rest = "";

  /**
   * Waits for the socket to appear and for QEMU's first answer, until `stillWanted` throws.
   * @throws what `stillWanted` throws
   */
  static async connect(path: string, stillWanted: () => void): Promise<QmpClient> {
    for (;;) {
      stillWanted();
      const socket = await tryConnect(path);
      if (socket) {
        const client = new QmpClient(socket);
        await client.#greet(stillWanted);
        return client;
      }
      await sleep(CONNECT_INTERVAL_MS);
    }
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => this.#take(chunk));
    socket.on("error", () => undefined); // "close" follows.
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#failAll();
        resolve();
      });
    });
  }

  async #greet(stillWanted: () => void): Promise<void> {
    try {
      const answered = this.execute("qmp_capabilities").then(() => true);
      const later = (): Promise<boolean> => sleep(GREETING_INTERVAL_MS, false, { ref: false });
      while (!(await Promise.race([answered, later()]))) stillWanted();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * @throws LabError lab/boot-failed when QEMU refuses or has ended
   */
  execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { command, resolve, reject });
      if (this.#socket.destroyed) this.#failAll();
      else this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
  }

  /** A command of the monitor for people; its answer is text. */
  async monitor(line: string): Promise<string> {
    const answer = await this.execute("human-monitor-command", { "command-line": line });
    return String(answer).trim();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The connection does not keep this process running. */
  unref(): void {
    this.#socket.unref();
  }

  #take(chunk: string): void {
    const lines = (this.#rest + chunk).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#answer(JSON.parse(line));
  }

  #answer(message: { id?: number; return?: unknown; error?: { desc?: string } }): void {
    const pending = message.id === undefined ? undefined : this.#pending.get(message.id);
    if (message.id === undefined || pending === undefined) return; // Greeting, or an event.
    this.#pending.delete(message.id);
    if (message.error === undefined) pending.resolve(message.return);
    else pending.reject(refused(pending.command, message.error.desc));
  }

  #failAll(): void {
    for (const { command, reject } of this.#pending.values()) reject(gone(command));
    this.#pending.clear();
  }
}

function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => resolve(socket.removeAllListeners("error")));
    socket.once("error", () => resolve(undefined));
  });
}

function refused(command: string, why: string | undefined): LabError {
  return new LabError({
    code: "lab/boot-failed",
    problem: `Cannot make QEMU do "${command}": ${why ?? "it refused"}`,
  });
}

function gone(command: string): LabError {
  return new LabError({
    code: "lab/boot-failed",
    problem: `Cannot make QEMU do "${command}": it has ended`,
  });
}
