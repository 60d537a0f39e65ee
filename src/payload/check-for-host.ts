// Checks that a payload fits a host before it is sent: what a hypervisor would answer with a bare
// -EINVAL, or with a crash, is explained here. Only certain failures are refused.

import type { Architecture } from "../isa/architecture.ts";
import { needsWritableFuncs } from "../xen-abi/features.ts";
import {
  findReleaseLine,
  parseRelease,
  type Release,
  ReleaseError,
  releaseLines,
} from "../xen-abi/release.ts";
import { FUNCS_SECTION } from "../xen-abi/sections.ts";
import { Findings, type PayloadFinding, throwFirstError } from "./finding.ts";
import type { Payload } from "./payload.ts";

/** The known facts about the host; HostInfo and ListedPayload of host/ fit. */
export interface HostFacts {
  /** The name for the upload. */
  readonly name: string;
  readonly info: {
    readonly version: { readonly major: number; readonly minor: number; readonly extra: string };
    /** Hex; `undefined` when the hypervisor has none or it cannot be read. */
    readonly buildId: string | undefined;
    readonly architecture: Architecture | undefined;
  };
  readonly loaded: readonly {
    readonly name: string;
    readonly metadata: readonly string[] | undefined;
  }[];
}

/** @throws PayloadError for the first reason why the host would refuse the payload or crash */
export function checkPayloadForHost(payload: Payload, host: HostFacts): void {
  throwFirstError(findUnfitness(payload, host));
}

/** All reasons why the payload is not for this host. */
export function findUnfitness(payload: Payload, host: HostFacts): readonly PayloadFinding[] {
  const findings = new Findings();
  checkArchitecture(payload, host, findings);
  checkHypervisor(payload, host, findings);
  checkRelease(payload, host, findings);
  checkLoaded(payload, host, findings);
  return findings.list;
}

function checkArchitecture(payload: Payload, { info }: HostFacts, findings: Findings): void {
  if (info.architecture === undefined || info.architecture === payload.architecture) return;
  findings.error({
    code: "payload/machine",
    problem: `Cannot load "${payload.source}": it is for ${payload.architecture}`,
    where: payload.source,
    expected: `a payload for ${info.architecture}, the host's architecture`,
  });
}

function checkHypervisor(payload: Payload, { info }: HostFacts, findings: Findings): void {
  const { xenDepends } = payload;
  if (xenDepends === undefined || info.buildId === undefined || xenDepends === info.buildId) return;
  findings.error({
    code: "payload/wrong-hypervisor",
    problem: `Cannot load "${payload.source}": it was built for another hypervisor`,
    where: payload.source,
    expected: `${info.buildId}, the build-id of the host's hypervisor\n${xenDepends} is in the payload`,
    remedy: "build it again with the xen-syms file of the hypervisor that runs",
  });
}

function checkRelease(payload: Payload, { info }: HostFacts, findings: Findings): void {
  const { major, minor } = info.version;
  const line = findReleaseLine(info.version);
  if (line !== undefined && line.payloadVersion !== payload.version) {
    const takers = releaseLines.filter(({ payloadVersion }) => payloadVersion === payload.version);
    const [oldest, newest] = [takers[0], takers.at(-1)].map((taker) => `4.${taker?.minor}`);
    findings.error({
      code: "payload/unsupported",
      problem: `Cannot load "${payload.source}": it has version ${payload.version} of the function table`,
      where: payload.source,
      expected: `version ${line.payloadVersion}, the only one of Xen ${major}.${minor}`,
      remedy: `build it for this release; version ${payload.version} is for ${oldest} to ${newest}`,
    });
  }
  const release = findRelease(info.version);
  const funcs = payload.sections.find(({ name }) => name === FUNCS_SECTION);
  if (release === undefined || funcs === undefined || funcs.loaded === "writable") return;
  // "4.17.3-pre" is a build between 4.17.2 and 4.17.3, and may behave like either.
  const before = { ...release, point: release.point - 1 };
  const meant = info.version.extra.includes("-pre") ? [before, release] : [release];
  if (!meant.some((one) => needsWritableFuncs(one, payload.architecture))) return;
  findings.error({
    code: "payload/trap",
    problem: `Cannot load "${payload.source}": section "${FUNCS_SECTION}" is read-only`,
    where: payload.source,
    expected: `a writable one; Xen ${major}.${minor}${info.version.extra} writes to it and would crash`,
    remedy: "build it for this release",
  });
}

/** Distributions append any text to the numbers; without a point release the behaviour is unknown. */
function findRelease({ major, minor, extra }: HostFacts["info"]["version"]): Release | undefined {
  try {
    return extra.startsWith(".") ? parseRelease(`${major}.${minor}${extra}`) : undefined;
  } catch (error) {
    if (error instanceof ReleaseError) return undefined;
    throw error;
  }
}

function checkLoaded(payload: Payload, { name, loaded }: HostFacts, findings: Findings): void {
  if (loaded.some((other) => other.name === name)) {
    findings.error({
      code: "payload/already-loaded",
      problem: `Cannot load a payload as "${name}": the host has one of that name`,
      expected: "a name that no loaded payload has",
      remedy: `choose another name, or first "xsplice unload ${name}"`,
    });
  }
  // Payloads made by xSplice carry their build-id in metadata, which Xen lists.
  const marker = `build-id=${payload.buildId}`;
  const twin = loaded.find((other) => other.metadata?.includes(marker));
  if (twin === undefined || twin.name === name) return;
  findings.error({
    code: "payload/already-loaded",
    problem: `Cannot load "${payload.source}": the host has it already, as "${twin.name}"`,
    where: payload.source,
    expected: "a payload with a build-id that no loaded payload has",
    remedy: `use "${twin.name}", or first "xsplice unload ${twin.name}"`,
  });
}
