// Encodes and decodes the payloads of frames (wire.ts). Pure.

import { ByteReader } from "../bytes/byte-reader.ts";
import { ByteWriter } from "../bytes/byte-writer.ts";
import { AgentError } from "./errors.ts";
import type { FrameType } from "./wire.ts";

const HYPERCALL_ARGUMENTS_MAX = 5;

/** One hypercall with the memory that it needs. */
export interface HypercallRequest {
  readonly op: number;
  /** At most five: numbers, or addresses of bytes of the arena. */
  readonly args: readonly ({ readonly value: bigint } | { readonly arenaOffset: number })[];
  readonly arena: Uint8Array;
  /** The u64 at arena byte `at` becomes the address of arena byte `target`. */
  readonly pointers: readonly { readonly at: number; readonly target: number }[];
  /** Number of bytes from the arena's start to return. */
  readonly outputLength: number;
}

/** A piece of a guest's memory, by the addresses that the guest itself sees without paging. */
export interface GuestMemory {
  readonly domain: number;
  readonly address: bigint;
}

/** Of a hypercall, and of access to a guest's memory. */
export interface HypercallResult {
  /** Negative is -errno: Xen's, or that of Linux when it refused the call. */
  readonly result: number;
  readonly output: Uint8Array;
}

/** A stream of a process, by the type of the frames that carry it. */
export type StreamType = typeof FrameType.STDIN | typeof FrameType.STDOUT | typeof FrameType.STDERR;

export function encodeHello(nonce: bigint): Uint8Array {
  return new ByteWriter().u64(nonce).toBytes();
}

export function decodeHello(payload: Uint8Array): { nonce: bigint; version: number } {
  const reader = new ByteReader(payload, "HELLO from the agent");
  return { nonce: reader.u64("nonce"), version: reader.u32("version") };
}

/** @throws AgentError agent/bad-request when an offset lies outside the arena */
export function encodeHypercall(request: HypercallRequest): Uint8Array {
  checkHypercall(request);
  const { args, arena, pointers } = request;
  const writer = new ByteWriter(64 + 8 * pointers.length + arena.length);
  writer.u64(BigInt(request.op));
  let mask = 0;
  for (let index = 0; index < HYPERCALL_ARGUMENTS_MAX; index++) {
    const argument = args[index] ?? { value: 0n };
    if ("arenaOffset" in argument) mask |= 1 << index;
    writer.u64("value" in argument ? argument.value : BigInt(argument.arenaOffset));
  }
  writer.u8(mask).u32(request.outputLength).u32(pointers.length);
  for (const { at, target } of pointers) writer.u32(at).u32(target);
  return writer.bytes(arena).toBytes();
}

function checkHypercall({ args, arena, pointers, outputLength }: HypercallRequest): void {
  const size = arena.length;
  const offsets = args.flatMap((argument) =>
    "arenaOffset" in argument ? [argument.arenaOffset] : [],
  );
  const inside =
    args.length <= HYPERCALL_ARGUMENTS_MAX &&
    outputLength <= size &&
    offsets.every((offset) => offset >= 0 && offset <= size) &&
    pointers.every(({ at, target }) => at >= 0 && at + 8 <= size && target >= 0 && target <= size);
  if (inside) return;
  throw new AgentError({
    code: "agent/bad-request",
    problem: `Cannot make a hypercall: an offset lies outside its ${size} bytes of memory`,
    expected: `at most ${HYPERCALL_ARGUMENTS_MAX} arguments, and offsets up to ${size}`,
  });
}

/** @param request `undefined` withdraws what was named under this key */
export function encodeAtEnd(key: number, request: HypercallRequest | undefined): Uint8Array {
  const call = request === undefined ? new Uint8Array() : encodeHypercall(request);
  return new ByteWriter().u32(key).bytes(call).toBytes();
}

export function decodeResult(payload: Uint8Array): HypercallResult {
  const reader = new ByteReader(payload, "RESULT from the agent");
  const result = Number(reader.i64("result"));
  return { result, output: reader.bytes("output", reader.remaining) };
}

export function encodeGuestRead({ domain, address }: GuestMemory, length: number): Uint8Array {
  return new ByteWriter().u64(address).u16(domain).u32(length).toBytes();
}

export function encodeGuestWrite({ domain, address }: GuestMemory, bytes: Uint8Array): Uint8Array {
  return new ByteWriter().u64(address).u16(domain).u32(0).bytes(bytes).toBytes();
}

export function encodeFileRead(path: string): Uint8Array {
  return Buffer.from(path);
}

export function encodeFileWrite(path: string, content: Uint8Array): Uint8Array {
  const name = Buffer.from(path);
  return new ByteWriter(8 + name.length + content.length)
    .u32(name.length)
    .bytes(name)
    .bytes(content)
    .toBytes();
}

/** @throws AgentError agent/bad-request when an argument holds a NUL, or there is none */
export function encodeExec(argv: readonly string[]): Uint8Array {
  if (argv.length === 0 || argv.some((argument) => argument.includes("\0"))) {
    throw new AgentError({
      code: "agent/bad-request",
      problem: `Cannot start ${JSON.stringify(argv)}: this is not a command`,
      expected: "a program and its arguments, without NUL characters",
    });
  }
  const writer = new ByteWriter().u32(argv.length);
  for (const argument of argv) writer.bytes(Buffer.from(`${argument}\0`));
  return writer.toBytes();
}

export function decodeExit(payload: Uint8Array): number {
  return new ByteReader(payload, "EXIT from the agent").i32("status");
}

export function encodeKill(signal: number): Uint8Array {
  return new ByteWriter().i32(signal).toBytes();
}

export function encodeCredit(stream: StreamType, bytes: number): Uint8Array {
  return new ByteWriter().u8(stream).u32(bytes).toBytes();
}

export function decodeCredit(payload: Uint8Array): { stream: number; bytes: number } {
  const reader = new ByteReader(payload, "CREDIT from the agent");
  return { stream: reader.u8("stream"), bytes: reader.u32("bytes") };
}
