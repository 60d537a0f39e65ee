// What a depot says, as documents: the wish for one build of the hypervisor in one channel. It is a
// target of The Update Framework, beside the payloads that it names, so its bytes are signed.

import * as v from "valibot";
import { type Described, decodeJson } from "../json/decode-json.ts";
import { count, maybe } from "../json/fields.ts";
import { payloadModes } from "../payload/metadata-keys.ts";
import { DepotError } from "./errors.ts";

const WISH_FORMAT = 1;
/** A wish with a hundred payloads and a thousand fixes has less. */
export const WISH_SIZE_MAX = 1024 * 1024;

const hexId = v.pipe(v.string(), v.regex(/^[0-9a-f]{8,128}$/));
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
/** Of a file in the directory of a base: no path. */
const fileName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_+][\w.+@-]{0,126}$/));

export function isFileName(text: string): boolean {
  return v.is(fileName, text);
}

const fixSchema = v.object({
  /** As people know it: "XSA-494". */
  advisory: v.string(),
  cves: v.array(v.string()),
  title: v.string(),
});

const evidenceSchema = v.object({ file: fileName, sha256: digest, sizeBytes: count });

const payloadSchema = v.object({
  /** On the host. */
  name: v.string(),
  file: fileName,
  sha256: digest,
  sizeBytes: count,
  buildId: hexId,
  mode: maybe(v.picklist(payloadModes)),
  fixes: v.array(fixSchema),
  evidence: v.array(evidenceSchema),
  /** Rules of `check` whose hazards the vendor has allowed by name. */
  allowed: v.array(v.string()),
});

const needsRebootSchema = v.object({ ...fixSchema.entries, reason: v.string() });

/** What a channel has for one base, signed or not yet. */
export const contentsSchema = v.object({
  /** To be applied, from the bottom to the top. */
  payloads: v.array(payloadSchema),
  needsReboot: v.array(needsRebootSchema),
  /** What the channel once had: a host may run it, and it is the channel's to take it away. */
  former: v.array(v.object({ name: v.string(), buildId: hexId })),
});

export const wishSchema = v.object({
  format: v.literal(WISH_FORMAT),
  channel: v.string(),
  xenBuildId: hexId,
  label: v.string(),
  ...contentsSchema.entries,
});

export type Fix = Described<typeof fixSchema>;
export type Unfixable = Described<typeof needsRebootSchema>;
export type Evidence = Described<typeof evidenceSchema>;
export type WishedPayload = Described<typeof payloadSchema>;
export type Contents = Described<typeof contentsSchema>;
export type DepotWish = Described<typeof wishSchema>;

export const emptyContents: Contents = { payloads: [], needsReboot: [], former: [] };

/** The same wish has the same bytes. */
export function encodeWish(wish: Omit<DepotWish, "format">): Uint8Array {
  const { channel, xenBuildId, label, payloads, needsReboot, former } = wish;
  const document = { format: WISH_FORMAT, channel, xenBuildId, label };
  return new TextEncoder().encode(
    `${JSON.stringify({ ...document, payloads, needsReboot, former }, undefined, 1)}\n`,
  );
}

/** @throws DepotError depot/not-trusted for what the depot's keys have signed, and is no wish for this place */
export function decodeWish(
  bytes: Uint8Array,
  { channel, xenBuildId }: Pick<DepotWish, "channel" | "xenBuildId">,
): DepotWish {
  const decoded = decodeJson(new TextDecoder().decode(bytes), wishSchema);
  const where = targetPath(channel, xenBuildId, WISH_FILE);
  const refused = (state: string): DepotError =>
    new DepotError({
      code: "depot/not-trusted",
      problem: `Cannot use what the depot wishes for this hypervisor: ${state}`,
      where,
      expected: `a wish of format ${WISH_FORMAT} for channel ${channel} and hypervisor ${xenBuildId}`,
      remedy: "tell the depot's vendor; a newer xSplice may read a newer format",
    });
  if (decoded.kind === "problem") throw refused(decoded.problem);
  const wish = decoded.value;
  if (wish.channel !== channel) throw refused(`it is for channel ${wish.channel}`);
  if (wish.xenBuildId !== xenBuildId) throw refused(`it is for hypervisor ${wish.xenBuildId}`);
  return wish;
}

export const WISH_FILE = "wish.json";

export function targetPath(channel: string, xenBuildId: string, file: string): string {
  return `${channel}/${xenBuildId}/${file}`;
}

const reserved = ["root", "targets", "snapshot", "timestamp"];

/** @throws DepotError depot/bad-request */
export function requireChannelName(name: string): void {
  if (/^[a-z][a-z0-9-]{0,31}$/.test(name) && !reserved.includes(name)) return;
  throw new DepotError({
    code: "depot/bad-request",
    problem: `Cannot name a channel "${name}"`,
    expected: `small letters, digits and dashes, 32 at most, a letter first, and none of ${reserved.join(", ")}`,
  });
}
