// The decoder library for AArch64, capstone: WebAssembly that takes some 50 ms to load, so it is loaded on
// first use, and only for this architecture.
//
// Its loader answers with a promise, while code is listed by plain functions. But the loader lets its caller
// make the WebAssembly instance, and hands over all functions of capstone as soon as it has it: everything
// that is used here is there when the call returns.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { invariant } from "../../invariant.ts";

const NAME = "@alexaltea/capstone-js";

/**
 * The package has no types. Here is what is there as soon as its WebAssembly is: capstone's own functions
 * (capstone.h of 5.0), with pointers as numbers, and the reading of its memory.
 */
interface CapstoneModule {
  _cs_open(architecture: number, mode: number, handle: number): number;
  /** @returns how many instructions it has read before bytes that are none */
  _cs_disasm(
    handle: number,
    code: number,
    size: number,
    address: bigint,
    count: number,
    instructions: number,
  ): number;
  _cs_free(instructions: number, count: number): void;
  _malloc(size: number): number;
  getValue(address: number, type: "*"): number;
  writeArrayToMemory(bytes: Uint8Array, address: number): void;
  UTF8ToString(address: number): string;
}

interface WebAssemblyInstance {
  readonly exports: object;
}

interface CapstoneHooks {
  instantiateWasm(imports: object, receive: (instance: WebAssemblyInstance) => void): object;
}

/** Completes the hooks to a CapstoneModule. */
type LoadCapstone = (hooks: CapstoneHooks) => Promise<CapstoneModule>;

/** Which neither the language's nor Node's types have here. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => WebAssemblyInstance;
};

/** cs_arch, cs_mode; cs_err for success */
const CS_ARCH_ARM64 = 1;
const CS_MODE_LITTLE_ENDIAN = 0;
const CS_ERR_OK = 0;

/** cs_insn of 5.0, on a machine with pointers of 4 bytes. */
const INSTRUCTION_SIZE = 240;
const MNEMONIC_AT = 42;
const OPERANDS_AT = 74;

/** Code that is decoded at once: the library makes an instruction of 240 bytes from each 4. */
export const CHUNK_SIZE = 16384;

interface Decoder {
  readonly capstone: CapstoneModule;
  readonly handle: number;
  /** Of CHUNK_SIZE bytes, and of the address of the instructions. */
  readonly code: number;
  readonly instructions: number;
}

/** Of this process: there is one WebAssembly instance, which lives as long. */
let opened: Decoder | undefined;

/**
 * The instructions that the bytes begin with, as capstone writes them, such as `["add", "x0, x0, #1"]`; up to
 * the first word that is none.
 * @param bytes at most CHUNK_SIZE
 */
export function decodeAarch64(
  bytes: Uint8Array,
  address: bigint,
): readonly (readonly [mnemonic: string, operands: string])[] {
  invariant(bytes.length <= CHUNK_SIZE, "more code than the decoder has room for");
  opened ??= openDecoder();
  const { capstone, handle, code, instructions } = opened;
  capstone.writeArrayToMemory(bytes, code);
  const count = capstone._cs_disasm(handle, code, bytes.length, address, 0, instructions);
  if (count === 0) return [];
  const first = capstone.getValue(instructions, "*");
  try {
    return Array.from({ length: count }, (_, index) => {
      const at = first + index * INSTRUCTION_SIZE;
      return [capstone.UTF8ToString(at + MNEMONIC_AT), capstone.UTF8ToString(at + OPERANDS_AT)];
    });
  } finally {
    capstone._cs_free(first, count);
  }
}

function openDecoder(): Decoder {
  const capstone = loadCapstone();
  const pointer = capstone._malloc(4);
  const error = capstone._cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, pointer);
  invariant(error === CS_ERR_OK, `capstone has no AArch64 (error ${error})`);
  return {
    capstone,
    handle: capstone.getValue(pointer, "*"),
    code: capstone._malloc(CHUNK_SIZE),
    instructions: pointer,
  };
}

function loadCapstone(): CapstoneModule {
  const require = createRequire(import.meta.url);
  const load: LoadCapstone = require("@alexaltea/capstone-js");
  const path = join(dirname(require.resolve(NAME)), "capstone.wasm");
  const hooks: CapstoneHooks & Partial<CapstoneModule> = {
    instantiateWasm: (imports, receive) => {
      const instance = new WebAssembly.Instance(
        new WebAssembly.Module(readFileSync(path)),
        imports,
      );
      receive(instance);
      return instance.exports;
    },
  };
  load(hooks);
  requireComplete(hooks);
  return hooks;
}

function requireComplete(
  module: CapstoneHooks & Partial<CapstoneModule>,
): asserts module is CapstoneHooks & CapstoneModule {
  invariant(
    module._cs_open !== undefined,
    `${NAME} is not of the version that this is written for`,
  );
}
