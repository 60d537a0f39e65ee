// Callers of a replaced function that rely on registers which its old code left alone: what the payload
// keeps for them (reliance/keep-entry.ts).

import { BuilderError } from "../build-outcome/builder-error.ts";
import type { ElfObject, ElfSymbol, SectionIndex } from "../elf/object.ts";
import { followsRegisters } from "../isa/registers-followed.ts";
import type { Keeping, KeptEntry } from "../payload/emit/input.ts";
import type { FunctionCode } from "../reliance/function-code.ts";
import { keepForCallers, type NewBody } from "../reliance/keep-entry.ts";
import { ObjectCode } from "../reliance/object-code.ts";
import { describeReliant, type Reliant } from "../reliance/reliance.ts";
import type { FunctionPair } from "../running/match-functions.ts";
import { runningCode, type WhatRuns } from "../running/running-code.ts";
import { signaturesOf } from "../running/signatures.ts";
import type { CompiledSource } from "./compile-sources.ts";

/**
 * Empty where no caller relies on a register that a new body changes.
 * @throws BuilderError builder/caller-relies where no keeper is possible
 */
export function keepForReplaced(
  pairs: readonly FunctionPair[],
  compiled: readonly CompiledSource[],
  below: WhatRuns,
): Keeping | undefined {
  if (!followsRegisters(below.xen.architecture)) return undefined;
  const replaced = pairs.map(({ xenFunction }) => xenFunction.name);
  const running = runningCode({ ...below, signatureOf: signaturesOfReplaced(pairs, compiled) });
  const entries = pairs.flatMap(({ xenFunction: { name }, newBody }): KeptEntry[] => {
    const reliants = running.reliantsOn(name, replaced);
    if (reliants.length === 0) return [];
    const body = findBody(newBody.name, compiled);
    const kept = keepForCallers({ ...body, old: running.find(name) }, reliants);
    if (kept.kind === "impossible") throw callerRelies(name, kept, below.xen.source);
    return kept.kind === "none" ? [] : [{ newBody, registers: kept.registers }];
  });
  if (entries.length === 0) return undefined;
  return { returnThunk: running.returnThunk, entries, calls: [] };
}

/** By the names in Xen: a new body takes and gives what the old one did. */
function signaturesOfReplaced(
  pairs: readonly FunctionPair[],
  compiled: readonly CompiledSource[],
): WhatRuns["signatureOf"] {
  const newNames = new Map(
    pairs.map(({ xenFunction, newBody }) => [xenFunction.name, newBody.name]),
  );
  const finders = compiled.map(({ object }) => signaturesOf(object));
  return (name) => {
    const newName = newNames.get(name);
    if (newName === undefined) return undefined;
    for (const find of finders) {
      const found = find(newName);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** @param name of a function that one of the sources defines as a global */
function findBody(name: string, compiled: readonly CompiledSource[]): Omit<NewBody, "old"> {
  const isMeant = (symbol: ElfSymbol) => symbol.name === name && isReplaceable(symbol);
  const bodies = compiled.flatMap(({ object }) => {
    const symbol = object.symbols.find(isMeant);
    return symbol?.place.kind === "section" ? [bodyAt(object, symbol.place.index, symbol)] : [];
  });
  const [body] = bodies;
  if (body === undefined) throw new Error(`Bug in xsplice: no source defines "${name}"`);
  return body;
}

function bodyAt(
  object: ElfObject,
  section: SectionIndex,
  { value }: ElfSymbol,
): Omit<NewBody, "old"> {
  const find = (view: ObjectCode): FunctionCode => {
    const found = view.findAt(section, Number(value));
    if (found === undefined) throw new Error("Bug in xsplice: a function's symbol is none");
    return found;
  };
  const leadOut = () => ({ kind: "elsewhere" }) as const;
  const signatures = signaturesOf(object);
  const view = { leadOut, signatureOf: ({ name }: ElfSymbol) => signatures(name) };
  const asItRuns = new ObjectCode(object, { ...view, isOwn: (called) => !isReplaceable(called) });
  const asItIs = new ObjectCode(object, { ...view, isOwn: () => true });
  return { code: find(asItRuns), ownCalls: asItIs.findCallers(find(asItIs)) };
}

/** Calls of it go through the hypervisor's entry, or may do so later. */
function isReplaceable({ binding, type }: ElfSymbol): boolean {
  return type === "STT_FUNC" && binding !== "STB_LOCAL";
}

function callerRelies(
  name: string,
  { why, harmed }: { readonly why: string; readonly harmed: readonly Reliant[] },
  source: string,
): BuilderError {
  return new BuilderError({
    code: "builder/caller-relies",
    problem: `Cannot replace "${name}": callers rely on registers that its old code leaves alone and the new one changes, and ${why}`,
    where: [source, ...harmed.map(describeReliant)].join("\n"),
    expected: "a new body that leaves these registers as they were",
    remedy: "declare it with __attribute__((no_caller_saved_registers))",
  });
}
