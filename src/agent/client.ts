// The client side of the protocol: hypercalls and processes, many at once, over one connection.

import type { Duplex } from "node:stream";
import { AgentError } from "./errors.ts";
import { escapeFrames } from "./escape.ts";
import { type ExecOptions, type ExecResult, runToEnd } from "./exec.ts";
import { encodeFrame, FrameDecoder } from "./frames.ts";
import { aborted, disconnected, type HandshakeOptions, nonsense, shakeHands } from "./handshake.ts";
import {
  decodeResult,
  encodeAtEnd,
  encodeExec,
  encodeFileRead,
  encodeFileWrite,
  encodeGuestRead,
  encodeGuestWrite,
  encodeHypercall,
  type GuestMemory,
  type HypercallRequest,
  type HypercallResult,
} from "./messages.ts";
import { AgentProcess } from "./process.ts";
import { type Frame, FrameType } from "./wire.ts";

/** The receiver of a channel's frames. */
interface ChannelUser {
  /** True when the channel is free again. */
  receive(frame: Frame): boolean;
  fail(error: AgentError): void;
}

export class AgentClient implements AsyncDisposable {
  readonly label: string;
  /** Resolves when the connection has ended, for any reason. */
  readonly closed: Promise<void>;
  readonly #stream: Duplex;
  readonly #decoder = new FrameDecoder();
  readonly #users = new Map<number, ChannelUser>();
  #lastChannel = 0;
  #failure: AgentError | undefined;

  /**
   * Connects to the agent at the other end of `stream`, which belongs to the client from now on.
   * @throws AgentError agent/no-answer, agent/disconnected, agent/aborted, agent/protocol; the stream
   * is destroyed then
   */
  static async connect(stream: Duplex, options: HandshakeOptions): Promise<AgentClient> {
    const ignoreError = (): void => undefined; // shakeHands() tells it; none may be without listener
    stream.on("error", ignoreError);
    try {
      const rest = await shakeHands(stream, options);
      return new AgentClient(stream, options.label, rest);
    } catch (error) {
      stream.destroy();
      throw error;
    }
  }

  private constructor(stream: Duplex, label: string, rest: Uint8Array) {
    this.#stream = stream;
    this.label = label;
    this.closed = new Promise((resolve) => stream.once("close", resolve));
    stream.on("data", (bytes: Uint8Array) => this.#take(bytes));
    stream.on("error", (cause) => this.#fail(disconnected(label, cause)));
    stream.on("end", () => this.#fail(disconnected(label, undefined)));
    stream.on("close", () => this.#fail(disconnected(label, undefined)));
    this.#take(rest);
  }

  /**
   * A refusal by Xen is a result; its number is negative.
   * @throws AgentError agent/refused when the agent could not make the hypercall,
   *   agent/disconnected, agent/aborted (Xen may still carry it out), agent/bad-request
   */
  async hypercall(request: HypercallRequest, signal?: AbortSignal): Promise<HypercallResult> {
    return await this.#ask(FrameType.HYPERCALL, encodeHypercall(request), signal);
  }

  /** For when this connection ends, by kill -9 too; `undefined` withdraws what has this key. */
  async atEnd(key: number, request: HypercallRequest | undefined): Promise<void> {
    await this.#ask(FrameType.AT_END, encodeAtEnd(key, request), undefined);
  }

  /**
   * At most GUEST_BYTES_MAX bytes of a guest's memory. A refusal is a result; its number is negative.
   * @throws AgentError as hypercall()
   */
  async readGuest(
    from: GuestMemory,
    length: number,
    signal?: AbortSignal,
  ): Promise<HypercallResult> {
    return await this.#ask(FrameType.GUEST, encodeGuestRead(from, length), signal);
  }

  /** As readGuest(), the other way round. */
  async writeGuest(
    to: GuestMemory,
    bytes: Uint8Array,
    signal?: AbortSignal,
  ): Promise<HypercallResult> {
    return await this.#ask(FrameType.GUEST, encodeGuestWrite(to, bytes), signal);
  }

  /**
   * A regular file, by its absolute path. A refusal is a result; its number is negative.
   * @throws AgentError as hypercall()
   */
  async readFile(path: string, signal?: AbortSignal): Promise<HypercallResult> {
    return await this.#ask(FrameType.FILE_READ, encodeFileRead(path), signal);
  }

  /** All of it or nothing, and on the disk when this returns; as readFile() otherwise. */
  async writeFile(
    path: string,
    content: Uint8Array,
    signal?: AbortSignal,
  ): Promise<HypercallResult> {
    return await this.#ask(FrameType.FILE_WRITE, encodeFileWrite(path, content), signal);
  }

  async #ask(
    type: FrameType,
    payload: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<HypercallResult> {
    if (signal?.aborted) throw aborted(this.label, signal.reason);
    return await new Promise<HypercallResult>((resolve, reject) => {
      let channel: number | undefined;
      const onAbort = (): void => {
        if (channel !== undefined) this.#users.delete(channel);
        reject(aborted(this.label, signal?.reason));
      };
      const leave = (): void => signal?.removeEventListener("abort", onAbort);
      signal?.addEventListener("abort", onAbort, { once: true });
      // Fails at once when the connection has ended.
      channel = this.#open({
        receive: (frame) => {
          leave();
          resolve(decodeResult(frame.payload));
          return true;
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      });
      this.#send(channel, type, payload);
    });
  }

  /**
   * Starts a process, without waiting for it; the program is looked up in the dom0's PATH.
   * @throws AgentError agent/bad-request, agent/disconnected
   */
  spawn(argv: readonly string[]): AgentProcess {
    const payload = encodeExec(argv);
    if (this.#failure) throw this.#failure;
    const child: AgentProcess = new AgentProcess((type, bytes, sent) =>
      this.#send(channel, type, bytes, sent),
    );
    const channel = this.#open(child);
    this.#send(channel, FrameType.EXEC, payload);
    return child;
  }

  /**
   * Runs a command to its end. A non-zero exit code is a result.
   * @throws AgentError agent/aborted, agent/disconnected, agent/refused, agent/bad-request
   */
  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    if (options.signal?.aborted) throw aborted(this.label, options.signal.reason);
    return await runToEnd(this.spawn(argv), this.label, options);
  }

  /** Ends the connection; requests under way fail with agent/disconnected. */
  async close(): Promise<void> {
    this.#fail(disconnected(this.label, undefined));
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #open(user: ChannelUser): number {
    if (this.#failure) {
      user.fail(this.#failure);
      return this.#lastChannel;
    }
    do this.#lastChannel = (this.#lastChannel % 0xffff_ffff) + 1;
    while (this.#users.has(this.#lastChannel));
    this.#users.set(this.#lastChannel, user);
    return this.#lastChannel;
  }

  #send(
    channel: number,
    type: FrameType,
    payload: Uint8Array,
    sent?: (error?: Error | null) => void,
  ): void {
    if (this.#failure) sent?.(this.#failure);
    else this.#stream.write(escapeFrames(encodeFrame(channel, type, payload)), sent);
  }

  #take(bytes: Uint8Array): void {
    if (this.#failure) return;
    try {
      for (const frame of this.#decoder.push(bytes)) this.#dispatch(frame);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#fail(
        error instanceof AgentError ? error : nonsense(this.label, error.message, { cause: error }),
      );
    }
  }

  #dispatch(frame: Frame): void {
    if (frame.type !== FrameType.ERROR) {
      // No receiver: the caller gave up waiting, and the answer came later.
      if (this.#users.get(frame.channel)?.receive(frame)) this.#users.delete(frame.channel);
      return;
    }
    const text = Buffer.from(frame.payload).toString();
    if (frame.channel === 0) throw nonsense(this.label, `it says "${text}"`);
    const user = this.#users.get(frame.channel);
    this.#users.delete(frame.channel);
    user?.fail(
      new AgentError({
        code: "agent/refused",
        problem: `Cannot use the agent of ${this.label}: ${text}`,
      }),
    );
  }

  #fail(error: AgentError): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#stream.destroy();
    for (const user of this.#users.values()) user.fail(error);
    this.#users.clear();
  }
}
