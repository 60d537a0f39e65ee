// The output of the stock `xen-livepatch`, and its meaning (ABI §7). Releases before 4.14 print no
// metadata; those before 4.9 have other messages for failures.

import { HostError } from "../../host/errors.ts";
import type { ListedPayload, PayloadStatus } from "../../host/host.ts";
import { Errno } from "../../xen-abi/errno.ts";
import { LivepatchState } from "../../xen-abi/sysctl.ts";
import { decodeStatus } from "../status.ts";

export interface ToolOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

const NOTHING = /^Nothing to list$/;
const HEADER = /^ ID +\| status/;
const RULE = /^-+\+-+/;
/** The name is padded to 40 columns and not cut; a state in parentheses has the last error. */
const STATE = /\| (?:CHECKED|APPLIED|unknown)(?= |$)/g;
const ROW = /^(.*?) *\| (CHECKED|APPLIED|unknown)(?: \((-?\d+), [^)]*\))?(?: *\| (.*))?$/;

/** Names of payloads that a line may be for: up to each state in it, the shortest first. */
export function namesInLine(line: string): readonly string[] {
  if (ROW.exec(line) === null) return [];
  const names = [...line.matchAll(STATE)].flatMap(({ index }) => {
    const padded = line.slice(0, index);
    return [padded.trimEnd(), padded];
  });
  return [...new Set(names)];
}

/**
 * @param where the origin of the text, for messages
 * @param isLoaded whether Xen has a payload of that name; a line of another one is metadata of the one above
 * @throws HostError host/unsupported for output of an unknown form
 */
export function parseStockList(
  stdout: string,
  where: string,
  isLoaded: (name: string) => boolean = () => true,
): readonly ListedPayload[] {
  const payloads: ListedPayload[] = [];
  const hasMetadata = /^ ID +\| status +\| metadata/m.test(stdout);
  for (const line of stdout.split("\n")) {
    if (line === "" || NOTHING.test(line) || HEADER.test(line) || RULE.test(line)) continue;
    const row = ROW.exec(line);
    const last = payloads.at(-1);
    if (row !== null && isLoaded(row[1] ?? "")) {
      if (payloads.some(({ name }) => name === row[1])) throw twice(row[1] ?? "", where);
      payloads.push(payloadOf(row, hasMetadata, where));
    } else if (last?.metadata !== undefined) payloads[payloads.length - 1] = continued(last, line);
    else throw unknownForm(line, where);
  }
  return payloads;
}

function twice(name: string, where: string): HostError {
  return new HostError({
    code: "host/unsupported",
    problem: `Cannot tell the state of payload "${name}": the list has two lines for it`,
    where,
    expected: "one line for each payload",
    remedy:
      "the metadata of another payload may look like one of them; install xsplice on that host, which reads no such text",
  });
}

function payloadOf(row: RegExpExecArray, hasMetadata: boolean, where: string): ListedPayload {
  const [, name = "", state, code = "0", metadata = ""] = row;
  return {
    name,
    status: statusOf(state, Math.abs(Number(code)), where),
    metadata: hasMetadata ? metadata.split(";").filter((entry) => entry !== "") : undefined,
  };
}

function statusOf(state: string | undefined, errno: number, where: string): PayloadStatus {
  if (state === "unknown") throw unknownForm(`status ${state}`, where);
  return decodeStatus({
    state: state === "APPLIED" ? LivepatchState.APPLIED : LivepatchState.CHECKED,
    rc: -errno,
  });
}

/** Metadata may contain line breaks, which the tool prints unchanged. */
function continued(payload: ListedPayload, line: string): ListedPayload {
  const [first = "", ...others] = line.split(";").filter((entry) => entry !== "");
  const entries = payload.metadata ?? [];
  const joined = `${entries.at(-1) ?? ""}\n${first}`;
  return { ...payload, metadata: [...entries.slice(0, -1), joined, ...others] };
}

function unknownForm(line: string, where: string): HostError {
  return new HostError({
    code: "host/unsupported",
    problem: `Cannot understand the list of payloads: it has the line "${line}"`,
    where,
    expected: "the list of xen-livepatch 4.9 to 4.22",
  });
}

/**
 * The error number of a run of `upload` or an action: 0 when the hypervisor accepted it, -EBUSY when
 * something is under way. An action that "didn't complete" in the tool's 60 ms has not failed.
 * @throws HostError host/unreachable when the tool could not reach the hypervisor
 */
export function stockErrno(output: ToolOutput, where: string): number {
  const { stdout, stderr, exitCode } = output;
  // The tool exits with 0 here (ABI §7.4).
  if (/failed to get the handler/.test(stderr)) throw noHandler(where, stderr);
  if (/Operation didn't complete/.test(stderr)) return 0;
  if (/Operation already in progress/.test(stderr)) return Errno.EBUSY;
  const told = /Error (-?\d+): /.exec(stderr) ?? /failed with (\d+)\(/.exec(stderr + stdout);
  if (told?.[1] !== undefined) return Math.abs(Number(told[1]));
  if (exitCode === 0) return 0;
  throw new HostError({
    code: "host/refused",
    problem: `Cannot use xen-livepatch on ${where}: it failed with exit code ${exitCode}`,
    ...(stderr.trim() === "" ? {} : { where: stderr.trim() }),
  });
}

function noHandler(where: string, stderr: string): HostError {
  return new HostError({
    code: "host/unreachable",
    problem: `Cannot talk to the hypervisor of ${where}: xen-livepatch has no way to it`,
    where: stderr.trim(),
    expected: "a dom0, and the rights of root there",
    remedy: "connect as root; if that is done, `modprobe xen-privcmd` there",
  });
}
