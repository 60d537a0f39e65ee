// The last word of a depot that was believed, and how the last update of a host ended: for those who must not
// wait for a network, as what collects metrics.

import { join } from "node:path";
import * as v from "valibot";
import { sha256 } from "../../bytes/sha256.ts";
import { readKept } from "../../files/read-kept.ts";
import { writeWhole } from "../../files/write-whole.ts";
import type { Described } from "../../json/decode-json.ts";
import { maybe } from "../../json/fields.ts";
import { type DepotWish, wishSchema } from "../form.ts";
import { trustFolders } from "./state.ts";

const seenSchema = v.object({
  signedAt: maybe(v.string()),
  expires: v.string(),
  wish: wishSchema,
});

const updateSchema = v.object({
  at: v.string(),
  result: v.picklist(["done", "refused", "failed"]),
});

export type SeenWord = Described<typeof seenSchema>;
export type SeenUpdate = Described<typeof updateSchema>;

/** Made again by the next question, so a power cut may take it. */
const options = { survives: "death of the process" } as const;

export function keepWord(folder: string, word: SeenWord): void {
  const { channel, xenBuildId } = word.wish;
  writeWhole(wordPath(folder, channel, xenBuildId), JSON.stringify(word), options);
}

export function lastWord(
  folder: string,
  { channel, xenBuildId }: Pick<DepotWish, "channel" | "xenBuildId">,
) {
  return readKept(wordPath(folder, channel, xenBuildId), seenSchema);
}

/** @param host its address */
export function keepUpdate(folder: string, host: string, update: SeenUpdate): void {
  writeWhole(updatePath(folder, host), JSON.stringify(update), options);
}

export function lastUpdate(folder: string, host: string) {
  return readKept(updatePath(folder, host), updateSchema);
}

function wordPath(folder: string, channel: string, xenBuildId: string): string {
  return join(trustFolders(folder).seen, `${channel}.${xenBuildId}.json`);
}

function updatePath(folder: string, host: string): string {
  return join(trustFolders(folder).seen, `update-${sha256(host).slice(0, 16)}.json`);
}
