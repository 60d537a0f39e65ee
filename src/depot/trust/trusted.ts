// Asks a depot, and believes what The Update Framework believes: `tuf-js` follows the root, and checks
// versions, signatures, thresholds, lengths, digests and expiry. It works on a copy of what was believed
// before, since it writes files in place; what it has believed is then taken over file by file.

import { copyFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type TargetFile, Updater } from "tuf-js";
import { sha256 } from "../../bytes/sha256.ts";
import { makeTemporaryFolder } from "../../files/temporary-folder.ts";
import { invariant } from "../../invariant.ts";
import { DepotError } from "../errors.ts";
import { targetPath, WISH_FILE } from "../form.ts";
import { readMetadata } from "../publish/signed-files.ts";
import { unreachable } from "../read/limits.ts";
import type { DepotSource } from "../read/source-form.ts";
import { believedChannel, believedChannels, type SignedChannel } from "./channels.ts";
import { explain } from "./explain.ts";
import { fetcherOf, METADATA_URL } from "./fetcher.ts";
import { keepMetadata, lockTrust, trustFolders } from "./state.ts";

export interface TrustedOptions {
  readonly now: Date;
  /** Told of each file that is read, and each that is kept. */
  readonly onStep?: (words: string) => void;
  /** `nobody`: what was believed before counts, as long as none of it has expired. */
  readonly ask?: "source" | "nobody";
}

/** What the depot says now, every word of it signed. */
export interface TrustedView {
  readonly place: string;
  readonly signedAt: Date | undefined;
  readonly expires: Date;
  /** `undefined` when no signed document names it. */
  readonly read: (target: string, maxLength: number) => Promise<VerifiedFile | undefined>;
  /** Names of all channels. */
  readonly channels: readonly string[];
  /** What one of `channels` has signed. */
  readonly readChannel: (name: string, xenBuildId: string) => Promise<SignedChannel>;
}

interface VerifiedFile {
  /** Those that were verified: nobody reads them a second time. */
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/**
 * @param folder of the trust
 * @throws DepotError
 */
export async function withTrusted<Result>(
  folder: string,
  source: DepotSource,
  options: TrustedOptions,
  use: (view: TrustedView) => Promise<Result>,
): Promise<Result> {
  using _lock = lockTrust(folder);
  using work = makeTemporaryFolder("trust");
  const { metadata } = trustFolders(folder);
  const onStep = options.onStep ?? (() => {});
  for (const name of readdirSync(metadata)) {
    if (name.endsWith(".json")) copyFileSync(join(metadata, name), join(work.path, name));
  }
  const isAsked = options.ask !== "nobody";
  const fetcher = fetcherOf(isAsked ? source : silent(source), (path) => onStep(`read ${path}`));
  const context = { work: work.path, source, now: options.now, trouble: fetcher.trouble };
  const ask = async <Answer>(question: () => Promise<Answer>): Promise<Answer> => {
    try {
      return await question();
    } catch (error) {
      throw explain(error, context);
    } finally {
      // Also after a refusal: a root that was believed revokes keys for good.
      keepMetadata(folder, work.path, onStep);
    }
  };
  const updater = await ask(
    async () =>
      new Updater({
        metadataDir: work.path,
        metadataBaseUrl: METADATA_URL,
        fetcher,
        forceCache: !isAsked,
      }),
  );
  await ask(() => updater.refresh());
  const timestamp = readMetadata(join(work.path, "timestamp.json"));
  const { signedAt, expires } = timesOf(timestamp?.signed.toJSON() ?? {});
  requireClock(signedAt, options.now, source);
  const read: TrustedView["read"] = async (target, maxLength) => {
    const info = await ask(() => updater.getTargetInfo(target));
    return info === undefined ? undefined : readTarget(source, info, maxLength, onStep);
  };
  const channels = believedChannels(work.path);
  const readChannel: TrustedView["readChannel"] = async (name, xenBuildId) => {
    const role = channels.find((one) => one.name === name);
    invariant(role !== undefined, `${name} is none of the channels`);
    // Whether it is there or not: the channel's document is believed on the way to it.
    await ask(() => updater.getTargetInfo(targetPath(name, xenBuildId, WISH_FILE)));
    return believedChannel(work.path, role);
  };
  const names = channels.map(({ name }) => name);
  return await use({ place: source.place, signedAt, expires, read, channels: names, readChannel });
}

/** What is not here is not to be had. */
function silent({ place }: DepotSource): DepotSource {
  return {
    place,
    read: async (path) => {
      throw unreachable(place, path, "it is not asked, and what was believed has expired");
    },
  };
}

async function readTarget(
  source: DepotSource,
  info: TargetFile,
  maxLength: number,
  onStep: (words: string) => void,
): Promise<VerifiedFile> {
  const { path, length, hashes } = info;
  const digest = hashes["sha256"] ?? "";
  const refused = (state: string, expected: string): DepotError =>
    new DepotError({
      code: "depot/not-trusted",
      problem: `Cannot use "${path}" of the depot: ${state}`,
      where: source.place,
      expected,
      remedy: "try another mirror: this one serves something else than what was signed",
    });
  if (length > maxLength) throw refused(`it has ${length} bytes`, `${maxLength} bytes at most`);
  const place = `targets/${path.replace(/[^/]*$/, (file) => `${digest}.${file}`)}`;
  onStep(`read ${place}`);
  const bytes = await source.read(place, length);
  const expected = `${length} bytes with SHA-256 ${digest}`;
  if (bytes === undefined) throw refused("it is not there", expected);
  if (bytes.length !== length) throw refused(`it has ${bytes.length} bytes`, expected);
  try {
    await info.verify(Readable.from([Buffer.from(bytes)]));
  } catch {
    throw refused(`its SHA-256 is ${sha256(bytes)}`, expected);
  }
  return { bytes, sha256: digest };
}

function timesOf(fields: Readonly<Record<string, unknown>>) {
  const time = (value: unknown): Date | undefined => {
    const date = new Date(typeof value === "string" ? value : "");
    return Number.isNaN(date.getTime()) ? undefined : date;
  };
  return {
    signedAt: time(fields["x-xsplice-signed"]),
    expires: time(fields["expires"]) ?? new Date(0),
  };
}

/** Clocks of two machines differ a little. */
const CLOCK_MS = 86_400_000;

/** A clock that is behind takes what has expired for valid: then nothing can be believed. */
function requireClock(signedAt: Date | undefined, now: Date, source: DepotSource): void {
  if (signedAt === undefined || signedAt.getTime() - now.getTime() < CLOCK_MS) return;
  const told = source.toldTime?.();
  throw new DepotError({
    code: "depot/clock",
    problem: `Cannot believe the depot: it was signed at ${signedAt.toISOString()}, which this machine's clock says is yet to come`,
    where: `${source.place}\nthis machine: ${now.toISOString()}${told === undefined ? "" : `\nthe server: ${told.toISOString()}, which nobody has signed`}`,
    expected: "a clock that is right: with one that is behind, what has expired would be believed",
    remedy: "set this machine's clock; if it is right, tell the depot's vendor",
  });
}
