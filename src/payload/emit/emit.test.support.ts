// Objects for tests of the emitter, made by this machine's gcc from C or assembly. Not a test.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DraftSection, DraftSymbol, ElfDraft } from "../../elf/draft.ts";
import { draftFrom } from "../../elf/draft-from.ts";
import { readElf } from "../../elf/read.ts";
import { findArchitecture } from "../../isa/architecture.ts";
import { nameOfRelocation } from "../../isa/relocate.ts";
import { type EmittedPayload, emitPayload } from "./emit.ts";
import type { EmitInput, Replacement } from "./input.ts";

const cFlags = "-O2 -ffreestanding -fPIE -fvisibility=hidden -fno-stack-protector -fno-common";
const cNoTables = "-fno-asynchronous-unwind-tables -fcf-protection=none -mgeneral-regs-only";

export interface SourceText {
  readonly c?: string;
  readonly assembly?: string;
  /** Besides, or instead when they contradict. */
  readonly flags?: string;
  readonly compiler?: string;
}

/** @throws when the compiler refuses the text */
export function compileDraft(text: SourceText): ElfDraft {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-emit-"));
  try {
    const suffix = text.assembly === undefined ? "c" : "s";
    const source = join(folder, `source.${suffix}`);
    const output = join(folder, "object.o");
    // As in xsplice.h: what is only declared is reached directly as well.
    const code = text.assembly ?? `#pragma GCC visibility push(hidden)\n${text.c}`;
    writeFileSync(source, `${code}\n`);
    const common =
      suffix === "c" ? `${cFlags} ${cNoTables} -ffunction-sections -fdata-sections` : "";
    const flags = `${common} ${text.flags ?? ""} -c`.split(" ").filter((flag) => flag !== "");
    execFileSync(text.compiler ?? "gcc", [...flags, source, "-o", output], { stdio: "pipe" });
    return draftFrom(readElf(new Uint8Array(readFileSync(output)), `source.${suffix}`));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function symbolNamed(draft: ElfDraft, name: string): DraftSymbol {
  const found = draft.symbols.find((symbol) => symbol.name === name);
  if (found === undefined) throw new Error(`the fixture has no symbol ${name}`);
  return found;
}

export function sectionNamed(draft: ElfDraft, name: string): DraftSection {
  const found = draft.sections.find((section) => section.name === name);
  if (found === undefined) throw new Error(`the fixture has no section ${name}`);
  return found;
}

/**
 * `TYPE symbol+addend`, in order; a section's symbol by the section's name. PLT32 is printed as the
 * PC32 that it is to Xen: which of them stands for a branch differs between assemblers.
 */
export function describeRelocations(draft: ElfDraft, section: DraftSection): readonly string[] {
  const sorted = [...section.relocations].sort((left, right) => left.offset - right.offset);
  return sorted.map(({ type, symbol, addend }) => {
    const { name, place } = symbol;
    const label = name === "" && typeof place === "object" ? place.name : name;
    const sign = addend < 0n ? "" : "+";
    const kind = nameOfRelocation(draft.machine, type).replace("R_X86_64_PLT32", "R_X86_64_PC32");
    return `${kind} ${label}${sign}${addend}`;
  });
}

/** A payload that replaces `xen_f` by the draft's `f`, `xen_g` by `g`, and so on. */
export function emitInput(
  draft: ElfDraft,
  replaced: readonly string[],
  more: Partial<EmitInput> = {},
): EmitInput {
  const replacements = replaced.map(
    (name): Replacement => ({
      oldName: `xen_${name}`,
      oldSizeBytes: 64,
      newBody: symbolNamed(draft, name),
    }),
  );
  return {
    architecture: findArchitecture(draft.machine) ?? "x86_64",
    payloadVersion: 2,
    objects: [{ source: "source.c", draft }],
    replacements,
    guards: [],
    hooks: [],
    stacking: { mode: "stack", guard: "none", marker: "none", requires: [] },
    depends: new Uint8Array(20).fill(1),
    xenDepends: new Uint8Array(20).fill(2),
    metadata: [],
    funcsAccess: "read-only",
    ...more,
  };
}

/** Static code and data, and two functions to replace, f and g, of which g calls f. */
export const example = {
  c: `static int counter; static const int table[] = { 1, 2, 3 };
    __attribute__((noinline)) static int helper(int n) { return table[n] + counter++; }
    extern int xen_helper(int);
    int f(int n) { return helper(n) + xen_helper(n); }
    int g(int n) { return f(n) + 1; }`,
};

export function emitExample(more: Partial<EmitInput> = {}): EmittedPayload {
  return emitPayload(emitInput(compileDraft(example), ["f", "g"], more));
}
