// Inputs that the emitter refuses: requests that contradict themselves or the payload's version, and
// results that Xen's loader would not accept. Each refusal follows a rule of the ABI reference.

import { type ElfDraft, sizeOfSection } from "../../elf/draft.ts";
import { startsWithEndbr64, startsWithPoisonedEndbr } from "../../isa/endbr64.ts";
import { type HookKind, hookKinds, hookRules } from "../../xen-abi/hooks.ts";
import {
  EXPECTATION_LENGTH_MAX,
  NOBITS_SIZE_MAX,
  PAYLOAD_SIZE_MAX,
  SECTION_ALIGNMENT_MAX,
  SECTION_COUNT_MAX,
} from "../../xen-abi/limits.ts";
import { specialTableSections } from "../../xen-abi/sections.ts";
import { MARKER_ID_SIZE } from "../marker.ts";
import { reservedKeys } from "../metadata-keys.ts";
import { EmitError, type EmitInput, type GuardBytes, type Replacement } from "./input.ts";

/** @throws EmitError emit/bad-request */
export function checkEmitInput(input: EmitInput): void {
  const { guards, hooks, payloadVersion, replacements } = input;
  const functions = replacements.length + guards.length;
  if (functions === 0 && (hooks.length === 0 || payloadVersion === 1)) {
    throw badRequest(
      "it replaces no function",
      "a function to replace, or from Xen 4.14 on a hook",
    );
  }
  checkReplacements(replacements);
  const expecting = [...guards, ...replacements.filter(({ expectation }) => expectation)];
  if (expecting.length > 0 && payloadVersion === 1) {
    throw badRequest("it expects bytes of old code", "payload version 2 (Xen 4.14 and later)");
  }
  for (const guard of guards) checkGuard(guard);
  for (const { expectation, oldName, oldSizeBytes } of replacements) {
    if (expectation === undefined) continue;
    checkExpectation(expectation, oldName);
    if (expectation.length <= oldSizeBytes) continue;
    throw badRequest(
      `it expects ${expectation.length} bytes of "${oldName}", which has ${oldSizeBytes}`,
      "no more bytes than the old function has",
    );
  }
  for (const kind of hookKinds) checkHooks(kind, input);
  checkStacking(input);
  checkMetadata(input.metadata);
}

/** The table has a 32-bit field for it. */
const FUNCTION_SIZE_MAX = 0xffff_ffff;

/** Xen restores in the order in which it patched, so a function that is listed twice is never restored. */
function checkReplacements(replacements: readonly Replacement[]): void {
  const seen = new Set<string>();
  for (const { newBody, oldName, oldSizeBytes } of replacements) {
    if (seen.has(oldName)) throw badRequest(`it replaces "${oldName}" twice`, "one new body");
    seen.add(oldName);
    if (!(oldSizeBytes > 0 && oldSizeBytes <= FUNCTION_SIZE_MAX)) {
      throw badRequest(`"${oldName}" is ${oldSizeBytes} bytes long`, "its size, in 32 bits");
    }
    if (typeof newBody.place === "string" || newBody.size < 2n) {
      throw badRequest(
        `the new "${oldName}" is ${newBody.size} bytes long`,
        "a function with code",
      );
    }
  }
}

/** An empty expectation would be written as an entry that checks nothing. */
function checkExpectation(bytes: Uint8Array, label: string): void {
  if (bytes.length >= 1 && bytes.length <= EXPECTATION_LENGTH_MAX) return;
  throw badRequest(
    `it expects ${bytes.length} bytes at "${label}"`,
    `1 to ${EXPECTATION_LENGTH_MAX} bytes in one entry`,
  );
}

/**
 * A guard has no new code, which Xen takes for a request to blank `new_size` bytes after a leading
 * ENDBR64: 0 - 4 bytes of them, and the host crashes (ABI reference §5.2). Other entries are safe.
 */
function checkGuard({ bytes, label }: GuardBytes): void {
  checkExpectation(bytes, label);
  if (!startsWithEndbr64(bytes) && !startsWithPoisonedEndbr(bytes)) return;
  throw badRequest(`its guard "${label}" starts at an ENDBR64`, "a guard from the 5th byte on");
}

function checkHooks(kind: HookKind, { hooks, objects, payloadVersion }: EmitInput): void {
  const rule = hookRules[kind];
  const names = hooks
    .filter((hook) => hook.kind === kind)
    .map(({ code }) => {
      const file = objects.find(({ draft }) => draft.symbols.includes(code))?.source;
      return file === undefined ? code.name : `${code.name} of ${file}`;
    });
  if (names.length > 0 && rule.since > payloadVersion) {
    throw badRequest(`it has a ${kind} hook`, "load and unload hooks only, before Xen 4.14");
  }
  if (names.length > 1 && rule.count === "one") {
    throw badRequest(`it has ${names.length} ${kind} hooks: ${names.join(", ")}`, "one of them");
  }
}

function checkStacking({ architecture, payloadVersion, stacking }: EmitInput): void {
  const usesMarkers =
    stacking.marker === "carried" || stacking.requires.some(({ marker }) => marker !== undefined);
  if (usesMarkers && (architecture !== "x86_64" || payloadVersion === 1)) {
    const state = `it uses applied-markers, on ${architecture}, version ${payloadVersion}`;
    throw badRequest(state, "x86-64 and payload version 2: others cannot patch a payload");
  }
  for (const { buildId, marker } of stacking.requires) {
    const isMarker = marker === undefined || marker.id.length === MARKER_ID_SIZE;
    if (isMarker && /^[0-9a-f]+$/.test(buildId)) continue;
    throw badRequest(`it requires "${buildId}"`, "a build-id, and a marker as its file says");
  }
}

function checkMetadata(metadata: EmitInput["metadata"]): void {
  for (const [key, value] of metadata) {
    const reserved = reservedKeys.includes(key);
    if (reserved) throw badRequest(`its metadata names "${key}"`, "a key that is not our own");
    if (/^[^=\s\0]+$/.test(key) && !/[\0\n]/.test(value)) continue;
    throw badRequest(
      `its metadata has ${JSON.stringify(`${key}=${value}`)}`,
      "key=value on one line, with neither blanks nor = in the key",
    );
  }
}

function badRequest(state: string, expected: string): EmitError {
  return new EmitError({
    code: "emit/bad-request",
    problem: `Cannot make the payload: ${state}`,
    expected,
  });
}

/** @throws EmitError emit/too-large, emit/unsupported: problems known before the file is written */
export function checkLimits(draft: ElfDraft): void {
  // The null section, the symbol table and its two string tables are added to the file.
  const count = draft.sections.reduce(
    (sum, { relocations }) => sum + (relocations.length ? 2 : 1),
    4,
  );
  if (count > SECTION_COUNT_MAX) throw tooLarge(`${count} sections`, `${SECTION_COUNT_MAX}`);
  refuseSecondTables(draft);
  for (const section of draft.sections) {
    const sizeBytes = sizeOfSection(section);
    if (section.alignment > SECTION_ALIGNMENT_MAX) {
      throw tooLarge(
        `section "${section.name}" aligned to ${section.alignment} bytes`,
        `${SECTION_ALIGNMENT_MAX}, a page`,
      );
    }
    if (section.type === "SHT_NOBITS" && sizeBytes > NOBITS_SIZE_MAX) {
      throw tooLarge(`${sizeBytes} bytes of "${section.name}"`, `${NOBITS_SIZE_MAX} bytes`);
    }
  }
}

/** Objects with different flags for one table: Xen reads only the first section of the name (§1.2). */
function refuseSecondTables({ sections }: ElfDraft): void {
  for (const name of specialTableSections) {
    if (sections.filter((section) => section.name === name).length < 2) continue;
    throw new EmitError({
      code: "emit/unsupported",
      problem: `Cannot make the payload: it would have two sections "${name}", of which Xen reads one`,
      expected: "the same flags for this section in all objects",
    });
  }
}

/** @throws EmitError emit/too-large */
export function checkSize(payload: Uint8Array, { guards }: EmitInput): void {
  if (payload.length <= PAYLOAD_SIZE_MAX) return;
  const limit = `${PAYLOAD_SIZE_MAX} bytes (2 MiB)`;
  const state = `${payload.length} bytes`;
  if (guards.length < GUARDS_WORTH_A_WORD) throw tooLarge(state, limit);
  const withGuards = `${state}, with ${guards.length} entries that guard old code`;
  throw tooLarge(withGuards, limit, "guard less of it, or split it into several payloads");
}

/** Some 30 KB: payloads this far below the limit cannot exceed it. */
const GUARDS_WORTH_A_WORD = 200;

function tooLarge(
  state: string,
  limit: string,
  remedy = "split it into several payloads",
): EmitError {
  return new EmitError({
    code: "emit/too-large",
    problem: `Cannot make the payload: it would have ${state}`,
    expected: `at most ${limit}, which is all that Xen loads`,
    remedy,
  });
}
