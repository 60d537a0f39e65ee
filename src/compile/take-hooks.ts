// Hooks that a C file defines with the macros of xsplice.h or with Xen's own. Each macro puts a pointer into
// Xen's section of that kind. The pointers are removed from the object here, because the emitter makes these
// sections itself, with the flags and the order that Xen requires.

import { BuilderError } from "../build-outcome/builder-error.ts";
import { Machine, SectionFlag } from "../elf/constants.ts";
import type { DraftRelocation, DraftSection, DraftSymbol, ElfDraft } from "../elf/draft.ts";
import { startsWithEndbr64 } from "../isa/endbr64.ts";
import type { Hook } from "../payload/emit/input.ts";
import { hookKinds, hookRules } from "../xen-abi/hooks.ts";

/** Whether the hypervisor may require of a function that is called by pointer to start with ENDBR64. */
export type Landing = "marked" | "any";

/**
 * Removes the hook sections from the draft and returns the targets of their pointers.
 * @param inOrder of the source, given the names of pointers as they are laid out
 * @throws BuilderError
 */
export function takeHooks(
  draft: ElfDraft,
  source: string,
  landing: () => Landing = () => "marked",
  inOrder: (pointers: readonly string[]) => readonly string[] = (pointers) => pointers,
): readonly Hook[] {
  const hooks = hookKinds.flatMap((kind) => {
    const section = draft.sections.find(({ name }) => name === hookRules[kind].section);
    if (section === undefined) return [];
    const laidOut = [...section.relocations].sort((left, right) => left.offset - right.offset);
    const nameOf = ({ offset }: DraftRelocation) =>
      draft.symbols.find(
        ({ place, type, value }) =>
          type === "STT_OBJECT" && place === section && value === BigInt(offset),
      )?.name ?? "";
    const names = inOrder(laidOut.map(nameOf));
    const pointers = laidOut.sort(
      (left, right) => names.indexOf(nameOf(left)) - names.indexOf(nameOf(right)),
    );
    return pointers.map(
      (pointer): Hook => ({ kind, code: codeOf(draft, pointer, { source, landing }) }),
    );
  });
  const taken = new Set(hookKinds.map((kind) => hookRules[kind].section));
  const sections = new Set(draft.sections.filter(({ name }) => taken.has(name)));
  const goes = ({ place }: DraftSymbol) => typeof place !== "string" && sections.has(place);
  draft.sections = draft.sections.filter((section) => !sections.has(section));
  for (const section of draft.sections) dropReferences(section, goes, source);
  draft.symbols = draft.symbols.filter((symbol) => !goes(symbol));
  return hooks;
}

/** Only debugging data, which no payload carries, may refer to the pointers. */
function dropReferences(
  section: DraftSection,
  goes: (symbol: DraftSymbol) => boolean,
  source: string,
): void {
  const kept = section.relocations.filter(({ symbol }) => !goes(symbol));
  if (kept.length < section.relocations.length && (section.flags & SectionFlag.SHF_ALLOC) !== 0n) {
    throw new BuilderError({
      code: "builder/bad-option",
      problem: `Cannot refer to what the macro of a hook defines, as "${section.name}" does`,
      where: source,
      expected: "the hook's function itself",
    });
  }
  section.relocations = kept;
}

function codeOf(
  draft: ElfDraft,
  pointer: DraftRelocation,
  { source, landing }: { readonly source: string; readonly landing: () => Landing },
): DraftSymbol {
  const { symbol, addend } = pointer;
  const code = draft.symbols.find(
    ({ place, type, value }) =>
      type === "STT_FUNC" && place === symbol.place && value === symbol.value + addend,
  );
  if (code !== undefined && typeof code.place !== "string") {
    if (landing() === "marked") checkLanding(draft, code, source);
    return code;
  }
  throw new BuilderError({
    code: "builder/bad-option",
    problem: `Cannot use "${symbol.name}" as a hook: the payload does not bring it`,
    where: source,
    expected: "a new function, in the same file as the macro that makes it a hook",
  });
}

/** Xen calls hooks by pointer; where it enforces branch tracking, the target must be an ENDBR64. */
function checkLanding({ machine }: ElfDraft, { name, place, value }: DraftSymbol, source: string) {
  if (machine !== Machine.EM_X86_64 || typeof place === "string") return;
  const start = Number(value);
  const entry = place.content instanceof Uint8Array ? place.content.subarray(start) : undefined;
  if (entry !== undefined && startsWithEndbr64(entry)) return;
  throw new BuilderError({
    code: "builder/bad-option",
    problem: `Cannot use "${name}" as a hook: it does not start with ENDBR64`,
    where: source,
    expected: "code that may be called by pointer on hosts with CET",
    remedy:
      "mark it cf_check where Xen's headers are used; elsewhere leave -fcf-protection=branch on, as it is by default",
  });
}
