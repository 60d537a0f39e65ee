// What a source was when a build has read it last, noted with the base that was made of it. To read all of a
// source takes a while, in which a compiler could run already: a build begins with what is noted, and goes
// on with what it has made only if the source turns out to be the same.

import { mkdirSync, readdirSync, statSync, utimesSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import * as v from "valibot";
import { sha256 } from "../bytes/sha256.ts";
import { readKept } from "../files/read-kept.ts";
import { writeWhole } from "../files/write-whole.ts";
import type { Described } from "../json/decode-json.ts";
import { type Base, basesIn } from "./base.ts";
import type { SourceTree } from "./source-tree.ts";

const noteSchema = v.object({
  version: v.object({
    major: v.number(),
    minor: v.number(),
    extra: v.optional(v.string()),
  }),
  /** SHA-256 over paths and contents, in hex. */
  digest: v.string(),
  paths: v.array(v.string()),
  /** Those of them that are links. */
  links: v.array(v.string()),
  /** What the hypervisor says behind its number, that the base was made for. */
  extraVersion: v.optional(v.string()),
});
type Note = Described<typeof noteSchema>;

/** A source without its contents. */
export interface SourceOutline
  extends Pick<SourceTree, "version" | "digest">,
    Pick<Note, "paths" | "links"> {}

export function outlineOf({ version, digest, files }: SourceTree): SourceOutline {
  const links = files.flatMap(({ path, content }) => (content.kind === "link" ? path : []));
  return { version, digest, paths: files.map(({ path }) => path), links };
}

export interface RecalledSource {
  readonly outline: SourceOutline;
  readonly extraVersion: string | undefined;
  /** The name of the base that it was for, which may have been one of another configuration. */
  readonly base: string;
}

/** As the latest build of what lies in this directory found it, if its base is still there. */
export function recallSource(cache: string, folder: string): RecalledSource | undefined {
  const bases = basesIn(cache);
  const notes = namesIn(bases).flatMap((name) => {
    const place = noteIn(join(bases, name), folder);
    const status = statSync(place, { throwIfNoEntry: false });
    return status === undefined ? [] : [{ name, place, usedAt: status.mtimeMs }];
  });
  const [latest] = notes.sort((one, other) => other.usedAt - one.usedAt);
  const note = latest && readKept(latest.place, noteSchema);
  if (latest === undefined || note === undefined) return undefined;
  const { extraVersion, version, ...rest } = note;
  const outline = { ...rest, version: { ...version, extra: version.extra } };
  return { outline, extraVersion, base: latest.name };
}

/** That the base was made of what lies in this directory now. */
export function rememberSource(
  base: Pick<Base, "folder">,
  folder: string,
  {
    outline,
    extraVersion,
    isNew,
  }: Omit<RecalledSource, "base"> & {
    /** Else it is noted, and used once more. */
    readonly isNew: boolean;
  },
): void {
  const place = noteIn(base.folder, folder);
  try {
    if (isNew) {
      mkdirSync(dirname(place), { recursive: true });
      writeWhole(place, JSON.stringify({ ...outline, extraVersion }), {
        survives: "death of the process",
      });
    } else {
      const now = new Date();
      utimesSync(place, now, now);
    }
  } catch {
    // The next build reads the source first, as it does where nothing is noted.
  }
}

function noteIn(base: string, folder: string): string {
  return join(base, "sources", `${sha256(resolve(folder))}.json`);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith("."));
  } catch {
    return []; // Nothing has been built yet.
  }
}
