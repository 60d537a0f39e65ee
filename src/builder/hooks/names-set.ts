// What files of hooks may set of the hypervisor's: a hook that only looks at a variable does not give it a value.

import { Machine, SectionFlag } from "../../elf/constants.ts";
import { openElf } from "../../elf/open.ts";
import { relocationsOf } from "../../elf/relocations.ts";
import { contentsOf } from "../../elf/sections.ts";
import { onlyReads } from "../../isa/x86-references.ts";
import type { ObjectPair } from "../../pairs/object-pair.ts";
import type { CompiledHooks } from "./compile-hooks.ts";

/** A place that refers to what the file does not define. */
interface Use {
  readonly name: string;
  /** Of the section, where it is code for x86-64. */
  readonly code: Uint8Array | undefined;
  readonly offset: number;
}

/** Names of Xen's table, or bare ones of statics. */
export function namesSetInHooks(
  hooks: CompiledHooks,
  pairs: readonly ObjectPair[],
): ReadonlySet<string> {
  const withXenHeaders = pairs.filter(({ hookFile }) => hookFile !== undefined);
  const uses = [...usesInDrafts(hooks), ...withXenHeaders.flatMap(usesInObject)];
  const setting = uses.filter(({ code, offset }) => code === undefined || !onlyReads(code, offset));
  return new Set(setting.map(({ name }) => name));
}

function usesInDrafts({ objects }: CompiledHooks): readonly Use[] {
  return objects.flatMap(({ draft: { machine, sections } }) =>
    sections.flatMap(({ flags, content, relocations }) => {
      const isCode = machine === Machine.EM_X86_64 && isExecuted(flags);
      const code = isCode && content instanceof Uint8Array ? content : undefined;
      return relocations.flatMap(({ offset, symbol: { name, place } }) =>
        place === "undefined" ? { name, code, offset } : [],
      );
    }),
  );
}

function usesInObject({ object: name, after }: ObjectPair): readonly Use[] {
  const object = openElf(after, name);
  return object.sections.flatMap((section): Use[] => {
    const isCode = object.header.machine === Machine.EM_X86_64 && isExecuted(section.flags);
    const code = isCode ? contentsOf(object, section) : undefined;
    return relocationsOf(object, section).flatMap(({ offset, symbol: index }) => {
      const symbol = object.symbols[index];
      return symbol?.place.kind === "undefined" ? { name: symbol.name, code, offset } : [];
    });
  });
}

function isExecuted(flags: bigint): boolean {
  return (flags & SectionFlag.SHF_EXECINSTR) !== 0n;
}
