// HELLO: makes sure that the agent has dropped the previous client, and that its remaining output for
// that client is not taken for an answer.

import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { AgentError } from "./errors.ts";
import { BEGINNING, escapeFrames } from "./escape.ts";
import { encodeFrame } from "./frames.ts";
import { decodeHello, encodeHello } from "./messages.ts";
import { FRAME_HEADER_SIZE, FrameType, PROTOCOL_VERSION } from "./wire.ts";

const HELLO_ANSWER_SIZE = FRAME_HEADER_SIZE + 12;

export interface HandshakeOptions {
  /** For messages: "lab trial", "ssh:root@host". */
  readonly label: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Begins, sends HELLO and waits for its answer. Returns the bytes after the answer.
 * @throws AgentError agent/no-answer, agent/disconnected, agent/aborted, agent/protocol
 */
export function shakeHands(stream: Duplex, options: HandshakeOptions): Promise<Uint8Array> {
  const nonce = randomBytes(8).readBigUInt64LE();
  const hello = encodeHello(nonce);
  const frame = encodeFrame(0, FrameType.HELLO, hello);
  const answerStart = answerTo(hello);
  const { label, timeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    let seen = Buffer.alloc(0);
    const fail = (error: AgentError): void => {
      leave();
      reject(error);
    };
    const onData = (bytes: Uint8Array): void => {
      seen = Buffer.concat([seen, bytes]);
      const at = seen.indexOf(answerStart);
      if (at < 0) {
        // Remaining output of any length may come first; only an incomplete answer is kept.
        seen = seen.subarray(Math.max(0, seen.length - answerStart.length + 1));
      } else if (seen.length >= at + HELLO_ANSWER_SIZE) {
        const answer = seen.subarray(at + FRAME_HEADER_SIZE, at + HELLO_ANSWER_SIZE);
        const { version } = decodeHello(answer);
        leave();
        if (version === PROTOCOL_VERSION) resolve(seen.subarray(at + HELLO_ANSWER_SIZE));
        else reject(wrongVersion(label, version));
      }
    };
    const onClose = (): void => fail(disconnected(label, undefined));
    const onError = (cause: Error): void => fail(disconnected(label, cause));
    const onAbort = (): void => fail(aborted(label, signal?.reason));
    const timer = setTimeout(() => fail(noAnswer(label, timeoutMs)), timeoutMs);
    const leave = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      stream.off("data", onData).off("close", onClose).off("end", onClose).off("error", onError);
    };
    stream.on("data", onData).on("close", onClose).on("end", onClose).on("error", onError);
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
    else stream.write(Buffer.concat([BEGINNING, escapeFrames(frame)]));
  });
}

/** The answer without the version at its end. */
function answerTo(hello: Uint8Array): Uint8Array {
  const withVersion = Buffer.concat([hello, Buffer.alloc(4)]);
  return encodeFrame(0, FrameType.HELLO, withVersion).subarray(0, HELLO_ANSWER_SIZE - 4);
}

function noAnswer(label: string, timeoutMs: number): AgentError {
  return new AgentError({
    code: "agent/no-answer",
    problem: `Cannot talk to the agent of ${label}: no answer within ${timeoutMs} ms`,
    remedy: "connect again; if that does not help, check whether its dom0 is still alive",
  });
}

export function disconnected(label: string, cause: Error | undefined): AgentError {
  return new AgentError(
    {
      code: "agent/disconnected",
      problem: `Cannot talk to the agent of ${label}: the connection ended${cause ? ` (${cause.message})` : ""}`,
      remedy: "check whether its dom0 is still alive",
    },
    cause ? { cause } : {},
  );
}

export function nonsense(label: string, what: string, options?: ErrorOptions): AgentError {
  return new AgentError(
    { code: "agent/protocol", problem: `Cannot understand the agent of ${label}: ${what}` },
    options,
  );
}

export function aborted(label: string, cause: unknown): AgentError {
  const why = cause instanceof Error && cause.name === "TimeoutError" ? "time is up" : "cancelled";
  return new AgentError(
    { code: "agent/aborted", problem: `Cannot wait for the agent of ${label}: ${why}` },
    { cause },
  );
}

function wrongVersion(label: string, version: number): AgentError {
  return new AgentError({
    code: "agent/protocol",
    problem: `Cannot talk to the agent of ${label}: it speaks version ${version} of the protocol`,
    expected: `version ${PROTOCOL_VERSION}`,
    remedy: "start a new lab; elsewhere, build the agent from share/agent/agent.c of this xSplice",
  });
}
