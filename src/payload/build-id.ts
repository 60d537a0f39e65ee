// The build-id of a payload: SHA-1 over the finished file, in which every place of the id is zero. So
// it identifies the whole file, needs no linker, and anyone with the file can verify it. The places:
// the note of `.note.gnu.build-id`, and `build-id=…` in `.modinfo`.

import { createHash } from "node:crypto";
import { toHex } from "../bytes/hex.ts";
import { readElf } from "../elf/read.ts";
import { contentsOf, findSection } from "../elf/sections.ts";
import { readBuildIdNote } from "../xen-abi/build-id-note.ts";
import { BUILD_ID_SECTION, MODINFO_SECTION } from "../xen-abi/sections.ts";
import { BUILD_ID_KEY } from "./metadata-keys.ts";

/** As in ld and Xen: the length of a SHA-1. */
const BUILD_ID_SIZE = 20;

export function unstampedBuildId(): Uint8Array {
  return new Uint8Array(BUILD_ID_SIZE);
}

export function unstampedBuildIdText(): string {
  return "0".repeat(BUILD_ID_SIZE * 2);
}

/** Computes the id, writes it into the file in place, and returns it. */
export function stampBuildId(payload: Uint8Array): Uint8Array {
  const places = findBuildIdPlaces(payload);
  const id = hashWithoutId(payload, places);
  for (const { offset, form } of places) payload.set(formOf(id, form), offset);
  return id;
}

/** The correct id of a finished file; differs from the one in it if anything was changed. */
export function computeBuildId(payload: Uint8Array): Uint8Array {
  return hashWithoutId(payload, findBuildIdPlaces(payload));
}

/** The file as it would be without an id, to be compared with another one. */
export function withoutBuildId(payload: Uint8Array): Uint8Array {
  return blanked(payload, findBuildIdPlaces(payload));
}

/** A place of an id: its offset in the file, as bytes or as hexadecimal text. */
interface BuildIdPlace {
  readonly offset: number;
  readonly form: "bytes" | "text";
}

function hashWithoutId(payload: Uint8Array, places: readonly BuildIdPlace[]): Uint8Array {
  return new Uint8Array(createHash("sha1").update(blanked(payload, places)).digest());
}

function blanked(payload: Uint8Array, places: readonly BuildIdPlace[]): Uint8Array {
  const blank = payload.slice();
  for (const { offset, form } of places) blank.set(formOf(unstampedBuildId(), form), offset);
  return blank;
}

function formOf(id: Uint8Array, form: BuildIdPlace["form"]): Uint8Array {
  return form === "bytes" ? id : new TextEncoder().encode(toHex(id));
}

function findBuildIdPlaces(payload: Uint8Array): readonly BuildIdPlace[] {
  const object = readElf(payload, "payload");
  const places: BuildIdPlace[] = [];
  const noteSection = findSection(object, BUILD_ID_SECTION);
  if (noteSection !== undefined) {
    const note = readBuildIdNote(contentsOf(object, noteSection));
    if (note.kind === "id" && note.id.length === BUILD_ID_SIZE) {
      places.push({ offset: noteSection.offset + note.offset, form: "bytes" });
    }
  }
  const metadata = findSection(object, MODINFO_SECTION);
  if (metadata !== undefined) {
    // Latin-1 has one character for each byte, so positions are offsets.
    const text = new TextDecoder("latin1").decode(contentsOf(object, metadata));
    const pattern = new RegExp(`(?:^|\\0)${BUILD_ID_KEY}=(?=[0-9a-f]{${BUILD_ID_SIZE * 2}}\\0)`);
    const match = pattern.exec(text);
    if (match !== null) {
      const start = metadata.offset + match.index + match[0].length;
      places.push({ offset: start, form: "text" });
    }
  }
  return places;
}
