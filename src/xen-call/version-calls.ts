// Encodes and decodes xen_version: ABI reference §6.8. Pure.

import { invariant } from "../invariant.ts";
import {
  COMPILE_INFO_SIZE,
  compileInfoLayout,
  HYPERVISOR_XEN_VERSION,
  XenVersion,
  xenVersionTextSizes,
} from "../xen-abi/xen-version.ts";
import { ArenaBuilder, ArenaReader } from "./arena.ts";
import type { Hypercall } from "./transport.ts";

export type VersionText = keyof typeof xenVersionTextSizes;

export interface CompileInfo {
  readonly compiler: string;
  readonly compiledBy: string;
  readonly domain: string;
  readonly date: string;
}

const BUILD_ID_HEADER = 4;

/** A sub-operation without a buffer: its result is the answer. */
export function versionCall(operation: "version" | "build_id"): Hypercall {
  return callWith(operation, undefined);
}

export function versionTextCall(text: VersionText): Hypercall {
  return callWith(text, new ArenaBuilder(xenVersionTextSizes[text]));
}

export function readVersionText(output: Uint8Array): string {
  return new ArenaReader(output).text(0, output.length);
}

export function compileInfoCall(): Hypercall {
  return callWith("compile_info", new ArenaBuilder(COMPILE_INFO_SIZE));
}

export function readCompileInfo(output: Uint8Array): CompileInfo {
  const reader = new ArenaReader(output);
  const { compiler, compiledBy, domain, date } = compileInfoLayout;
  return {
    compiler: reader.text(compiler.at, compiler.size),
    compiledBy: reader.text(compiledBy.at, compiledBy.size),
    domain: reader.text(domain.at, domain.size),
    date: reader.text(date.at, date.size),
  };
}

/** @param size the result of the call without a buffer */
export function buildIdCall(size: number): Hypercall {
  return callWith("build_id", new ArenaBuilder(BUILD_ID_HEADER + size).u32(0, size));
}

export function readBuildId(output: Uint8Array, size: number): Uint8Array {
  invariant(size <= output.length - BUILD_ID_HEADER, "Xen gave no more of a build-id than asked");
  return new ArenaReader(output).bytes(BUILD_ID_HEADER, size);
}

function callWith(operation: keyof typeof XenVersion, buffer: ArenaBuilder | undefined): Hypercall {
  const pointer = buffer === undefined ? { value: 0n } : { arenaOffset: 0 };
  const args = [{ value: BigInt(XenVersion[operation]) }, pointer];
  return (buffer ?? new ArenaBuilder(0)).build(HYPERVISOR_XEN_VERSION, args);
}
