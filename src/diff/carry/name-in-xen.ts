// The name by which a payload refers to code or data of the hypervisor.

import type { ElfSymbol } from "../../elf/object.ts";

/**
 * What Xen's table calls a symbol of the object before: `do_softirq` for a global one, for a local
 * one the file in front, `common/kernel.c#name` (ABI reference §2.13).
 */
export type NameInXen = (symbol: ElfSymbol, file: string) => string;
