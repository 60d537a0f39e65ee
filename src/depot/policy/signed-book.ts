// Which payloads a policy lets through, for one hypervisor: those that the channels it names have signed, by what
// the trusted depot says now. Where it does not answer, what it said last counts until that expires, as TUF has it.

import { DepotError } from "../errors.ts";
import { targetPath } from "../form.ts";
import type { DepotSource } from "../read/source-form.ts";
import type { SignedChannel } from "../trust/channels.ts";
import { spellFingerprint } from "../trust/fingerprint.ts";
import type { Trust } from "../trust/state.ts";
import { type TrustedView, withTrusted } from "../trust/trusted.ts";
import type { Policy } from "./policy-file.ts";

export interface SignedBook {
  readonly policy: Policy;
  /** Who has to sign: `channel stable (2 of the keys 3f9a…, 77c0…)`. */
  readonly signers: string;
  /** What was not answered now, in a sentence without its end. */
  readonly note: string | undefined;
  /** Why a file of that SHA-256 may not be uploaded; `undefined` when it may. */
  readonly whyNot: (sha256: string) => string | undefined;
}

interface Asked {
  readonly folder: string;
  readonly trust: Trust;
  readonly source: DepotSource;
  readonly xenBuildId: string;
  readonly now: Date;
}

/** @throws DepotError */
export async function openSignedBook(policy: Policy, asked: Asked): Promise<SignedBook> {
  const { folder, trust, source, now, xenBuildId } = asked;
  requireSameDepot(policy, trust, folder);
  const read = (view: TrustedView) => readChannels(view, policy, xenBuildId);
  try {
    const channels = await withTrusted(folder, source, { now }, read);
    return bookOf(policy, channels, xenBuildId, undefined);
  } catch (error) {
    if (!(error instanceof DepotError) || error.report.code !== "depot/unreachable") throw error;
    const channels = await withTrusted(folder, source, { now, ask: "nobody" }, read).catch(() => {
      // What was believed has expired, or was never read: then the depot itself is what is missing.
      throw error;
    });
    const note = `the depot was not asked (${error.report.problem}): what it said last counts until it expires`;
    return bookOf(policy, channels, xenBuildId, note);
  }
}

function requireSameDepot({ path, uploads }: Policy, trust: Trust, folder: string): void {
  const { roots } = uploads.signedBy;
  if (trust.root !== undefined && roots.includes(trust.root)) return;
  const begun = trust.root === undefined ? "not written down" : spellFingerprint(trust.root);
  throw new DepotError({
    code: "depot/no-trust",
    problem: "Cannot upload anything: the depot that is trusted here is not the one of the policy",
    where: `${path}\n${folder}: ${trust.place}, its first root is ${begun}`,
    expected: `a trust that began with root ${roots.map(spellFingerprint).join(", or ")}`,
    remedy: 'say which with "xsplice depot trust PLACE --root FILE --replace"',
  });
}

async function readChannels(view: TrustedView, { uploads }: Policy, xenBuildId: string) {
  const { channels } = uploads.signedBy;
  const found: SignedChannel[] = [];
  for (const name of view.channels) {
    try {
      found.push(await view.readChannel(name, xenBuildId));
    } catch (error) {
      // Of those that the policy does not name, only words of a refusal would come.
      if (channels.includes(name)) throw error;
    }
  }
  return found;
}

function bookOf(
  policy: Policy,
  channels: readonly SignedChannel[],
  xenBuildId: string,
  note: string | undefined,
): SignedBook {
  const wanted = policy.uploads.signedBy.channels;
  const allowed = channels.filter(({ name }) => wanted.includes(name));
  const holds = ({ targets }: SignedChannel, sha256: string, below: string): boolean =>
    targets.some((target) => target.sha256 === sha256 && target.path.startsWith(below));
  const signers = wanted.map((name) => signerOf(name, channels)).join(", or ");
  const whyNot = (sha256: string): string | undefined => {
    const isSigned = allowed.some((one) =>
      holds(one, sha256, targetPath(one.name, xenBuildId, "")),
    );
    if (isSigned) return undefined;
    if (allowed.some((one) => holds(one, sha256, ""))) {
      return `it is signed for other hypervisors, and ${xenBuildId} runs`;
    }
    const elsewhere = channels.filter((one) => holds(one, sha256, ""));
    if (elsewhere.length === 0) return "no channel of the depot has signed it";
    return `only channel ${elsewhere.map(({ name }) => name).join(", ")} has signed it`;
  };
  return { policy, signers, note, whyNot };
}

function signerOf(name: string, channels: readonly SignedChannel[]): string {
  const channel = channels.find((one) => one.name === name);
  if (channel === undefined) return `channel ${name}, which the depot does not have`;
  const { threshold, keyIds } = channel;
  const keys = keyIds.map((keyId) => keyId.slice(0, 8)).join(", ");
  return `channel ${name} (${threshold} of key${keyIds.length === 1 ? "" : "s"} ${keys})`;
}
