// The client's view of a process in the dom0: three streams, each limited by credit, and a result.

import { Readable, Writable } from "node:stream";
import { AgentError } from "./errors.ts";
import { decodeCredit, decodeExit, encodeCredit, encodeKill, type StreamType } from "./messages.ts";
import { type Frame, FrameType, WINDOW_BYTES } from "./wire.ts";

/** Sends a frame on the process's channel; calls back when the connection accepted it. */
export type SendFrame = (
  type: FrameType,
  payload: Uint8Array,
  sent?: (error?: Error | null) => void,
) => void;

const CHUNK_BYTES = 32 * 1024;
const EMPTY = new Uint8Array(0);
const SIGKILL = 9;

export class AgentProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * 128 + signal when a signal ended it, 127 when it could not be started (stderr says why).
   * Rejects with AgentError when the agent or the connection failed; the streams then end with the
   * same error, which needs no listener of its own.
   */
  readonly exit: Promise<number>;
  readonly #send: SendFrame;
  readonly #input: CreditedInput;
  readonly #outputs: { readonly [type: number]: CreditedOutput };
  #resolve: (status: number) => void = () => undefined;
  #reject: (error: AgentError) => void = () => undefined;
  #over = false;

  constructor(send: SendFrame) {
    this.#send = (type, payload, sent) => (this.#over ? sent?.() : send(type, payload, sent));
    const output = new CreditedOutput(FrameType.STDOUT, this.#send);
    const errors = new CreditedOutput(FrameType.STDERR, this.#send);
    this.#input = new CreditedInput(this.#send);
    this.#outputs = { [FrameType.STDOUT]: output, [FrameType.STDERR]: errors };
    this.stdin = this.#input.stream;
    this.stdout = output.stream;
    this.stderr = errors.stream;
    this.exit = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.exit.catch(() => undefined);
    for (const stream of [this.stdin, this.stdout, this.stderr]) {
      stream.on("error", () => undefined);
    }
  }

  /** Sends a signal (its Linux number) to the whole process group. */
  kill(signal: number = SIGKILL): void {
    this.#send(FrameType.KILL, encodeKill(signal));
  }

  /** Takes a frame of this channel; true when it was the last one. */
  receive(frame: Frame): boolean {
    switch (frame.type) {
      case FrameType.STDOUT:
      case FrameType.STDERR:
        this.#outputs[frame.type]?.take(frame.payload);
        return false;
      case FrameType.CREDIT:
        this.#input.addCredit(decodeCredit(frame.payload).bytes);
        return false;
      case FrameType.EXIT:
        this.#over = true;
        this.#input.processEnded();
        this.#resolve(decodeExit(frame.payload));
        return true;
      default:
        throw new AgentError({
          code: "agent/protocol",
          problem: `Cannot read from the agent: a process got a frame of type ${frame.type}`,
        });
    }
  }

  /** Kills the process and fails its streams here; its further output is discarded. */
  abandon(error: AgentError): void {
    this.kill();
    this.fail(error);
  }

  /** The client also calls this when the connection has ended. */
  fail(error: AgentError): void {
    this.#reject(error);
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.destroy(error);
  }
}

/** Standard input: sends only as much as the agent can accept. */
class CreditedInput {
  readonly stream: Writable;
  readonly #send: SendFrame;
  #credit = WINDOW_BYTES;
  #waiting: { rest: Uint8Array; done: (error?: Error | null) => void } | undefined;
  #ended = false;

  constructor(send: SendFrame) {
    this.#send = send;
    this.stream = new Writable({
      write: (chunk: Uint8Array, _encoding, done) => this.#write(chunk, done),
      final: (done) => send(FrameType.STDIN, EMPTY, done),
    });
  }

  addCredit(bytes: number): void {
    this.#credit += bytes;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) this.#write(waiting.rest, waiting.done);
  }

  /** The rest of the input has no reader any more; as with a pipe, that is not a failure. */
  processEnded(): void {
    this.#ended = true;
    this.addCredit(0);
  }

  #write(bytes: Uint8Array, done: (error?: Error | null) => void): void {
    if (this.#ended || bytes.length === 0) {
      done();
      return;
    }
    const count = Math.min(bytes.length, this.#credit, CHUNK_BYTES);
    if (count === 0) {
      this.#waiting = { rest: bytes, done };
      return;
    }
    this.#credit -= count;
    this.#send(FrameType.STDIN, bytes.subarray(0, count), (error) =>
      error ? done(error) : this.#write(bytes.subarray(count), done),
    );
  }
}

/** An output: gives the agent credit only for the free space of its reader. */
class CreditedOutput {
  readonly stream: Readable;
  readonly #type: StreamType;
  readonly #send: SendFrame;
  readonly #queue: Uint8Array[] = [];
  #wanted = false;
  #owed = 0;
  /** What the agent may still send. */
  #credit = WINDOW_BYTES;

  constructor(type: StreamType, send: SendFrame) {
    this.#type = type;
    this.#send = send;
    this.stream = new Readable({
      read: () => {
        this.#wanted = true;
        this.#flush();
      },
    });
  }

  /** An empty chunk is the end. @throws AgentError agent/protocol beyond the credit */
  take(chunk: Uint8Array): void {
    this.#credit -= chunk.length;
    if (this.#credit < 0) {
      throw new AgentError({
        code: "agent/protocol",
        problem: "Cannot read from the agent: it sends more than the receive window allows",
        expected: `at most ${WINDOW_BYTES} bytes that nobody has read yet`,
      });
    }
    this.#queue.push(chunk);
    this.#flush();
  }

  #flush(): void {
    // Output for a reader that has gone is discarded.
    for (;;) {
      const chunk = this.#wanted || this.stream.destroyed ? this.#queue.shift() : undefined;
      if (chunk === undefined) break;
      this.#wanted = this.stream.push(chunk.length === 0 ? null : chunk);
      this.#owed += chunk.length;
    }
    // Not for every line: a quarter of the window at a time keeps the agent just as busy.
    if (this.#owed < WINDOW_BYTES / 4) return;
    this.#send(FrameType.CREDIT, encodeCredit(this.#type, this.#owed));
    this.#credit += this.#owed;
    this.#owed = 0;
  }
}
