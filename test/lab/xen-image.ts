// What a test has to know of the hypervisor that it patches, from its xen-syms.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { toHex } from "../../src/bytes/hex.ts";
import { findBuildId } from "../../src/elf/notes.ts";
import type { ElfObject } from "../../src/elf/object.ts";
import { openElf } from "../../src/elf/open.ts";
import { bytesAtAddress } from "../../src/elf/sections.ts";
import { requireSymbol } from "../../src/elf/symbols.ts";

export interface XenFunction {
  readonly name: string;
  readonly address: bigint;
  readonly size: number;
  /** As the file has them. */
  readonly bytes: Uint8Array;
}

export interface XenImage {
  /** Hex. */
  readonly buildId: string;
  functionNamed(name: string): XenFunction;
  addressOf(symbol: string): bigint;
}

/** @param path of xen-syms, perhaps compressed */
export function readXenImage(path: string): XenImage {
  const object = openElf(readFileSync(path), path);
  return {
    buildId: requireBuildId(object),
    addressOf: (name) => requireSymbol(object, name).value,
    functionNamed(name) {
      const symbol = requireSymbol(object, name);
      const size = Number(symbol.size);
      return {
        name,
        address: symbol.value,
        size,
        bytes: bytesAtAddress(object, symbol.value, size),
      };
    },
  };
}

export function requireBuildId(object: ElfObject): string {
  const id = findBuildId(object);
  assert.ok(id, `${object.source} has no build-id`);
  return toHex(id);
}
