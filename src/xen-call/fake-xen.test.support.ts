// A stand-in for Xen that decodes what was sent by the offsets of the ABI reference §6.3, written
// down here once more and on purpose: if a layout of xen-abi/ were wrong, both would have to be
// wrong in the same way.

import assert from "node:assert/strict";
import type { Hypercall, HypercallAnswer, HypercallTransport } from "./transport.ts";

export type Family = "A" | "B" | "C";

export interface Loaded {
  name: string;
  bytes: Uint8Array;
  state: number;
  rc: number;
  metadata: string;
}

export interface FakeOptions {
  readonly version: readonly [major: number, minor: number];
  readonly interfaceVersion: number;
  readonly family: Family;
}

const BASE = 0x7f00_0000_0000n;
const NAME_STRIDE = 128;

export class FakeXen implements HypercallTransport {
  readonly label = "a stand-in for Xen";
  readonly loaded: Loaded[] = [];
  readonly actions: { cmd: number; timeout: number; flags: number }[] = [];
  console = Buffer.alloc(0);
  consoleLost = 0;
  listVersion = 1;
  hasLivepatch = true;
  hasBuildId = true;
  /** Runs before each LIST that wants entries. */
  beforeList: () => void = () => undefined;
  /** LIST copies no more at once, as when it is preempted. */
  listAtOnce = Infinity;
  readonly #options: FakeOptions;
  #memory = Buffer.alloc(0);

  constructor(options: FakeOptions) {
    this.#options = options;
  }

  async hypercall(call: Hypercall): Promise<HypercallAnswer> {
    this.#memory = Buffer.from(call.arena);
    for (const { at, target } of call.pointers) {
      this.#memory.writeBigUInt64LE(BASE + BigInt(target), at);
    }
    const args = call.args.map((argument) =>
      "value" in argument ? argument.value : BASE + BigInt(argument.arenaOffset),
    );
    const result = call.op === 35 ? this.#sysctl(args) : this.#xenVersion(call.op, args);
    return { result, output: this.#memory.subarray(0, call.outputLength) };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  load(name: string, metadata = ""): void {
    this.loaded.push({ name, bytes: new Uint8Array(1), state: 1, rc: 0, metadata });
    this.listVersion++;
  }

  #offset(address: bigint, length: number): number {
    const offset = Number(address - BASE);
    assert.ok(offset >= 0 && offset + length <= this.#memory.length, "-EFAULT");
    return offset;
  }

  #handle(at: number, length: number): number {
    return this.#offset(this.#memory.readBigUInt64LE(at), length);
  }

  #xenVersion(op: number, [cmd = 0n, address = 0n]: readonly bigint[]): number {
    assert.equal(op, 17);
    const [major, minor] = this.#options.version;
    const text = (value: string, size: number): number => {
      this.#memory.write(`${value}\0`, this.#offset(address, size));
      return 0;
    };
    switch (Number(cmd)) {
      case 0:
        return (major << 16) | minor;
      case 1:
        return text(".5", 16);
      case 2:
        this.#memory.write("gcc 12\0", this.#offset(address, 144));
        this.#memory.write("me\0", this.#offset(address, 144) + 64);
        this.#memory.write("example\0", this.#offset(address, 144) + 80);
        this.#memory.write("Monday\0", this.#offset(address, 144) + 112);
        return 0;
      case 4:
        return text("deadbeef", 64);
      case 9:
        return text("console=com1", 1024);
      case 10: {
        if (!this.hasBuildId) return -61;
        if (address === 0n) return 20;
        const at = this.#offset(address, 24);
        if (this.#memory.readUInt32LE(at) < 20) return -105;
        this.#memory.fill(0xab, at + 4, at + 24);
        return 20;
      }
      default:
        return -38;
    }
  }

  #sysctl([address = 0n]: readonly bigint[]): number {
    assert.equal(this.#offset(address, 136), 0);
    if (this.#memory.readUInt32LE(4) !== this.#options.interfaceVersion) return -13;
    const cmd = this.#memory.readUInt32LE(0);
    if (cmd === 1) return this.#readConsole();
    assert.equal(cmd, 27);
    if (!this.hasLivepatch) return -38;
    if (this.#memory.readUInt32LE(12) !== 0) return -22;
    return (
      [this.#upload, this.#get, this.#list, this.#action][this.#memory.readUInt32LE(8)]?.call(
        this,
      ) ?? -95
    );
  }

  #name(): string {
    const size = this.#memory.readUInt16LE(24);
    assert.ok(size >= 1 && size <= 128);
    assert.equal(this.#memory.readUIntLE(26, 6), 0);
    const at = this.#handle(16, size);
    assert.equal(this.#memory[at + size - 1], 0);
    return this.#memory.toString("utf8", at, at + size - 1);
  }

  #upload(): number {
    const name = this.#name();
    const size = Number(this.#memory.readBigUInt64LE(32));
    const at = this.#handle(40, size);
    if (this.loaded.some((payload) => payload.name === name)) return -17;
    const bytes = Uint8Array.from(this.#memory.subarray(at, at + size));
    this.loaded.push({ name, bytes, state: 1, rc: 0, metadata: "" });
    this.listVersion++;
    return 0;
  }

  #get(): number {
    const name = this.#name();
    const payload = this.loaded.find((one) => one.name === name);
    if (!payload) return -2;
    this.#memory.writeUInt32LE(payload.state, 32);
    this.#memory.writeInt32LE(payload.rc, 36);
    return 0;
  }

  #action(): number {
    const name = this.#name();
    const flags = this.#memory.readUInt32LE(40);
    assert.equal(this.#memory.readUInt32LE(44), 0);
    if (!this.loaded.some((one) => one.name === name)) return -2;
    const [cmd, timeout] = [this.#memory.readUInt32LE(32), this.#memory.readUInt32LE(36)];
    this.actions.push({ cmd, timeout, flags });
    return 0;
  }

  #list(): number {
    const memory = this.#memory;
    const nr = memory.readUInt32LE(24);
    if (nr > 1024) return -7;
    if (memory.readUInt32LE(28) !== 0) return -22;
    if (nr > 0) this.beforeList();
    const index = memory.readUInt32LE(20);
    const withTotals = this.#options.family !== "A";
    const sizes = { names: memory.readUInt32LE(32), metadata: memory.readUInt32LE(36) };
    memory.writeUInt32LE(this.listVersion, 16);
    if (nr === 0) {
      memory.writeUInt32LE(this.loaded.length, 24);
      if (withTotals) this.#writeTotals(this.loaded);
      return 0;
    }
    if (index >= this.loaded.length && this.loaded.length > 0) return -22;
    const entries = this.loaded.slice(index, index + Math.min(nr, this.listAtOnce));
    if (this.#options.family === "C") {
      const names = entries.reduce((sum, { name }) => sum + Buffer.byteLength(name) + 1, 0);
      const metadata = entries.reduce((sum, one) => sum + one.metadata.length, 0);
      if (names > sizes.names || metadata > sizes.metadata) return -105;
    }
    this.#copyEntries(entries, nr);
    if (withTotals) this.#writeTotals(entries);
    memory.writeUInt32LE(this.loaded.length - index - entries.length, 24);
    return entries.length;
  }

  #writeTotals(entries: readonly Loaded[]): void {
    const names = entries.reduce((sum, { name }) => sum + Buffer.byteLength(name) + 1, 0);
    this.#memory.writeUInt32LE(names, 32);
    this.#memory.writeUInt32LE(
      entries.reduce((sum, { metadata }) => sum + metadata.length, 0),
      36,
    );
  }

  #copyEntries(entries: readonly Loaded[], nr: number): void {
    const memory = this.#memory;
    const isA = this.#options.family === "A";
    const status = this.#handle(isA ? 32 : 40, nr * 8);
    let name = this.#handle(isA ? 40 : 48, isA ? nr * NAME_STRIDE : 0);
    const lengths = this.#handle(isA ? 48 : 56, nr * 4);
    let metadata = isA ? 0 : this.#handle(64, 0);
    const metadataLengths = isA ? 0 : this.#handle(72, nr * 4);
    for (const [position, entry] of entries.entries()) {
      const size = memory.write(`${entry.name}\0`, name);
      memory.writeUInt32LE(entry.state, status + position * 8);
      memory.writeInt32LE(entry.rc, status + position * 8 + 4);
      memory.writeUInt32LE(size, lengths + position * 4);
      name += isA ? NAME_STRIDE : size;
      if (isA) continue;
      memory.writeUInt32LE(entry.metadata.length, metadataLengths + position * 4);
      metadata += memory.write(entry.metadata, metadata);
    }
  }

  #readConsole(): number {
    const memory = this.#memory;
    const oldest = this.consoleLost;
    const newest = oldest + this.console.length;
    const wanted = memory[9] ? memory.readUInt32LE(12) : oldest;
    const start = wanted >= oldest && wanted <= newest ? wanted : oldest;
    const size = memory.readUInt32LE(24);
    const part = this.console.subarray(start - oldest, start - oldest + size);
    part.copy(memory, this.#handle(16, size));
    memory.writeUInt32LE(start + part.length, 12);
    memory.writeUInt32LE(part.length, 24);
    return 0;
  }
}
