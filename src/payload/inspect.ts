// Reads any file that claims to be a payload, and reports its contents and its problems. To get only
// payloads that Xen would accept, use parse.ts.

import { toHex } from "../bytes/hex.ts";
import { ElfType, nameOfElfType, SectionFlag } from "../elf/constants.ts";
import type { ElfError } from "../elf/errors.ts";
import type { ElfObject, Section, SymbolList } from "../elf/object.ts";
import { readElf } from "../elf/read.ts";
import { findSection } from "../elf/sections.ts";
import { invariant } from "../invariant.ts";
import { findArchitecture } from "../isa/architecture.ts";
import type { PayloadVersion } from "../xen-abi/release.ts";
import {
  BUILD_ID_SECTION,
  DEPENDS_SECTION,
  FUNCS_SECTION,
  mandatorySections,
  specialTableSections,
  XEN_DEPENDS_SECTION,
} from "../xen-abi/sections.ts";
import { computeBuildId } from "./build-id.ts";
import { checkFile } from "./check-file.ts";
import { PayloadError } from "./errors.ts";
import { Findings, type PayloadFinding } from "./finding.ts";
import { BUILD_ID_KEY } from "./metadata-keys.ts";
import type { PayloadContents, PayloadSection } from "./payload.ts";
import { readFunctions } from "./read-functions.ts";
import { readHooks } from "./read-hooks.ts";
import {
  readBuildId,
  readMetadata,
  readOriginOf,
  readReasons,
  readSourcesOf,
  readSymbolMap,
} from "./read-notes.ts";
import { readExports, readNeeds } from "./read-symbols.ts";
import { namedStarts, type PayloadFile } from "./targets.ts";

export interface Inspection {
  /** The readable part; the rest is in the findings. */
  readonly contents: PayloadContents;
  readonly findings: readonly PayloadFinding[];
}

/**
 * `source` is the name of the file in messages.
 * @throws ElfError when the bytes are not an ELF file; PayloadError payload/not-a-payload when it is
 * one of another kind. Every other problem becomes a finding
 */
export function inspectPayload(bytes: Uint8Array, source: string): Inspection {
  const findings = new Findings();
  const object = openPayload(bytes, source, findings);
  const noSymbols: SymbolList = [];
  const symbols = findings.attempt(() => object.symbols, noSymbols);
  const architecture = findArchitecture(object.header.machine);
  invariant(architecture !== undefined, `readElf() took machine ${object.header.machine}`);
  const file = { object, architecture, findings, symbols, names: namedStarts(symbols) };
  checkFile(file);
  return { contents: readContents(file), findings: findings.list };
}

function openPayload(bytes: Uint8Array, source: string, findings: Findings): ElfObject {
  if (bytes.length === 0) throw notAPayload(source, "it is empty");
  const damage: ElfError[] = [];
  const object = readElf(bytes, source, { onDamage: (error) => damage.push(error) });
  if (object.header.type !== ElfType.ET_REL) {
    throw notAPayload(source, `it is an ELF file of type ${nameOfElfType(object.header.type)}`);
  }
  for (const error of damage) findings.error(error.report);
  if (!object.sections.some(({ name }) => name.startsWith(".livepatch."))) {
    // It may be in the unreadable part.
    if (damage[0] !== undefined) throw damage[0];
    throw notAPayload(source, "it is an object file without any section of live patching");
  }
  return object;
}

function notAPayload(source: string, state: string): PayloadError {
  return new PayloadError({
    code: "payload/not-a-payload",
    problem: `Cannot read "${source}" as a live patch: ${state}`,
    where: source,
    expected: 'a relocatable ELF file with ".livepatch" sections',
    remedy: 'make one with "xsplice compile"',
  });
}

function readContents(file: PayloadFile): PayloadContents {
  const { object, architecture } = file;
  const funcs = findSection(object, FUNCS_SECTION);
  const table = funcs === undefined ? undefined : readFunctions(file, funcs);
  const functions = table?.functions ?? [];
  const hooks = readHooks(file);
  // Xen accepts payloads without functions only from version 2 on.
  const version = funcs === undefined ? 2 : table?.version;
  const contents = {
    source: object.source,
    sizeBytes: object.bytes.length,
    architecture,
    version,
    functions,
    hooks,
    buildId: readBuildId(file, BUILD_ID_SECTION),
    depends: readBuildId(file, DEPENDS_SECTION),
    xenDepends: readBuildId(file, XEN_DEPENDS_SECTION),
    metadata: readMetadata(file),
    symbolMap: readSymbolMap(file),
    reasons: readReasons(file),
    origin: readOriginOf(file),
    sources: readSourcesOf(file),
    specialTables: object.sections
      .filter(({ name }) => specialTableSections.includes(name))
      .map(({ name, size }) => ({ section: name, sizeBytes: size })),
    needs: readNeeds(file),
    exports: readExports(file, functions),
    sections: object.sections.slice(1).map(toPayloadSection),
  };
  checkPresence(file, contents, version ?? 2);
  checkIntact(file, contents);
  return contents;
}

/** Only payloads of xSplice say what their bytes must hash to. */
function checkIntact(
  { object, findings }: PayloadFile,
  { buildId, metadata }: Pick<PayloadContents, "buildId" | "metadata">,
): void {
  if (buildId === undefined || !metadata.some((entry) => entry.startsWith(`${BUILD_ID_KEY}=`)))
    return;
  const computed = toHex(computeBuildId(object.bytes));
  if (computed === buildId) return;
  findings.error({
    code: "payload/changed",
    problem: "Cannot trust the payload: its build-id is not that of its bytes",
    where: object.source,
    expected: `build-id ${computed}, found ${buildId}`,
    remedy: "take the file that was built and tested: this one was changed afterwards, or damaged",
  });
}

function checkPresence(
  { object, findings }: PayloadFile,
  { functions, hooks }: Pick<PayloadContents, "functions" | "hooks">,
  version: PayloadVersion,
): void {
  for (const name of mandatorySections[version]) {
    if (findSection(object, name) !== undefined) continue;
    findings.error({
      code: "payload/missing",
      problem: `Cannot load the payload: it has no section "${name}"`,
      where: object.source,
      expected: mandatorySections[version].map((section) => `"${section}"`).join(", "),
    });
  }
  const claims = object.sections.some(({ name }) => /^\.livepatch\.(funcs|hooks\.)/.test(name));
  if (functions.length + hooks.length > 0 || claims) return;
  findings.error({
    code: "payload/missing",
    problem: "Cannot load the payload: it changes nothing",
    where: object.source,
    expected: `functions in "${FUNCS_SECTION}", or hooks`,
  });
}

function toPayloadSection({ name, size, flags }: Section): PayloadSection {
  const has = (flag: bigint) => (flags & flag) !== 0n;
  const loaded = !has(SectionFlag.SHF_ALLOC)
    ? "no"
    : has(SectionFlag.SHF_EXECINSTR)
      ? "code"
      : has(SectionFlag.SHF_WRITE)
        ? "writable"
        : "read-only";
  return { name, sizeBytes: size, loaded };
}
