// What the policies of this machine let through to hosts: /etc/xsplice/policy.json, and one more that may be named.
// A command asks about all that it will upload before it changes anything; and the one door to each host
// (with-host.ts) asks again about the very bytes that are sent.

import { sha256 } from "../../bytes/sha256.ts";
import { DepotError } from "../../depot/errors.ts";
import { POLICY_PATH, type Policy, readPolicy } from "../../depot/policy/policy-file.ts";
import type { SignedBook } from "../../depot/policy/signed-book.ts";
import { HostError } from "../../host/errors.ts";
import type { LivepatchHost } from "../../host/host.ts";
import { trustFolder } from "../depot/state-folder.ts";
import type { CommandCall } from "../spec.ts";
import { guarded, type Permit, type Upload } from "./guarded-host.ts";

export interface Policing {
  /** The host itself where nothing is demanded. */
  readonly around: (host: LivepatchHost) => LivepatchHost;
  /** @throws HostError host/policy; DepotError depot/bad-policy */
  readonly permit: Permit;
  /** For what can have no signature yet. @throws as `permit` */
  readonly forbidUnsigned: (state: string, remedy: string) => void;
}

type Call = Pick<CommandCall, "io" | "globals">;

const known = new WeakMap<Call, Policing>();

/** The same for all of a command: what it was told once holds until its end. */
export function policingOf(call: Call): Policing {
  const made = known.get(call) ?? makePolicing(call);
  known.set(call, made);
  return made;
}

function makePolicing(call: Call): Policing {
  const policies = readAll(call);
  const books = new Map<string, Promise<readonly SignedBook[]>>();
  const booksFor = (xenBuildId: string): Promise<readonly SignedBook[]> => {
    const opened = books.get(xenBuildId) ?? openBooks(call, policies(), xenBuildId);
    books.set(xenBuildId, opened);
    return opened;
  };
  const permit: Permit = async (host, uploads, options) => {
    if (uploads.length === 0 || policies().length === 0) return;
    const { buildId } = await host.info(options);
    if (buildId === undefined) throw refusal(policies(), uploads, "its hypervisor has no build-id");
    for (const book of await explained(booksFor(buildId), policies(), uploads)) {
      const unsigned = uploads.filter(({ bytes }) => book.whyNot(sha256(bytes)) !== undefined);
      if (unsigned.length > 0) throw notSigned(book, unsigned);
    }
  };
  return {
    permit,
    around: (host) => (isDemanded(policies) ? guarded(host, permit) : host),
    forbidUnsigned: (state, remedy) => {
      if (policies().length > 0) throw refusal(policies(), [], state, { told: [], remedy });
    },
  };
}

/** Labs are thrown away: what is tried there is what is not signed yet. */
function readAll({ io, globals }: Call): () => readonly Policy[] {
  if (/^lab(:|$)/.test(globals.host)) return () => [];
  const more = io.env["XSPLICE_POLICY"];
  let found: readonly Policy[] | undefined;
  return () => {
    found ??= [
      readPolicy(POLICY_PATH, "optional") ?? [],
      more === undefined || more === "" ? [] : (readPolicy(more, "expected") ?? []),
    ].flat();
    return found;
  };
}

/** One that is broken keeps nobody from looking at a host. */
function isDemanded(policies: () => readonly Policy[]): boolean {
  try {
    return policies().length > 0;
  } catch (error) {
    if (error instanceof DepotError) return true;
    throw error;
  }
}

async function openBooks(
  { io, globals }: Call,
  policies: readonly Policy[],
  xenBuildId: string,
): Promise<readonly SignedBook[]> {
  const [{ openSource }, { readTrust }, { openSignedBook }] = await Promise.all([
    import("../../depot/read/source.ts"),
    import("../../depot/trust/state.ts"),
    import("../../depot/policy/signed-book.ts"),
  ]);
  const folder = trustFolder(io.env);
  const trust = readTrust(folder);
  const source = openSource(trust.place, { signal: io.signal, deadlineMs: globals.deadlineMs });
  const asked = { folder, trust, source, xenBuildId, now: new Date() };
  const books: SignedBook[] = [];
  // One after the other: they share the memory of the trust.
  for (const policy of policies) books.push(await openSignedBook(policy, asked));
  const notes = new Set(books.flatMap(({ note }) => note ?? []));
  for (const note of notes) io.stderr.write(`warning: ${note}\n`);
  return books;
}

async function explained<Result>(
  opened: Promise<Result>,
  policies: readonly Policy[],
  uploads: readonly Upload[],
): Promise<Result> {
  try {
    return await opened;
  } catch (error) {
    if (!(error instanceof DepotError)) throw error;
    const { problem, where, remedy } = error.report;
    const state = "the depot cannot be asked for it";
    const told = [problem, ...(where === undefined ? [] : [where])];
    throw refusal(policies, uploads, state, { told, remedy, cause: error });
  }
}

function notSigned({ policy, signers, whyNot }: SignedBook, unsigned: readonly Upload[]) {
  const [first, ...others] = unsigned.map(({ bytes }) => whyNot(sha256(bytes)));
  const state = others.every((one) => one === first) ? (first ?? "") : "not all of them have one";
  const told = unsigned.map(({ name, bytes }) => {
    const digest = sha256(bytes);
    return `${name}: ${whyNot(digest)} (SHA-256 ${digest})`;
  });
  return refusal([policy], unsigned, state, { told, signers });
}

interface Details {
  readonly told: readonly string[];
  readonly signers?: string;
  readonly remedy?: string | undefined;
  readonly cause?: unknown;
}

function refusal(
  policies: readonly Policy[],
  uploads: readonly Upload[],
  state: string,
  { told, signers, remedy, cause }: Details = { told: [] },
): HostError {
  const names = uploads.map(({ name }) => `"${name}"`).join(", ");
  const what = names === "" ? "anything that is made here" : names;
  const wanted = policies.map(({ uploads: { signedBy } }) => channelsOf(signedBy.channels));
  return new HostError(
    {
      code: "host/policy",
      problem: `Cannot upload ${what}: a policy of this machine demands a signature, and ${state}`,
      where: [...policies.map(({ path }) => path), ...told].join("\n"),
      expected: `signed by ${signers ?? wanted.join(", and ")} of the depot`,
      remedy:
        remedy ??
        "have the depot's vendor add it to that channel and publish it; whoever keeps this machine can change the policy",
    },
    { cause },
  );
}

function channelsOf(names: readonly string[]): string {
  return `channel ${names.join(" or ")}`;
}
