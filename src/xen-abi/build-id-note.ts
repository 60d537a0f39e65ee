// The ELF note that carries a build-id in `.note.gnu.build-id`, `.livepatch.depends` and
// `.livepatch.xen_depends`: ABI reference §1.5. Only the first note of a section counts.

import { ByteReader } from "../bytes/byte-reader.ts";
import { ByteWriter } from "../bytes/byte-writer.ts";
import { invariant } from "../invariant.ts";

const NT_GNU_BUILD_ID = 3;
const OWNER = "GNU";
const OWNER_SIZE = 4;
const HEADER_SIZE = 12;

export type BuildIdNote =
  /** `offset`: of the id in the section, in bytes. */
  | { readonly kind: "id"; readonly id: Uint8Array; readonly offset: number }
  /** Why Xen refuses it; `errno` as reported by releases that report one (§1.5). */
  | { readonly kind: "refused"; readonly reason: string; readonly errno: "EINVAL" | "ENODATA" };

/** Checks in Xen's order, so that the first refusal is Xen's. */
export function readBuildIdNote(bytes: Uint8Array): BuildIdNote {
  if (bytes.length <= HEADER_SIZE) return refused(`it has ${bytes.length} bytes`);
  const reader = new ByteReader(bytes, "note");
  const nameSize = reader.u32("namesz");
  const idSize = reader.u32("descsz");
  const type = reader.u32("type");
  if (type !== NT_GNU_BUILD_ID) return refused(`its type is ${type}, not 3`, "ENODATA");
  if (nameSize < OWNER_SIZE) return refused(`its owner's name has ${nameSize} bytes`);
  if (nameSize + idSize > bytes.length - HEADER_SIZE)
    return refused("it ends past the end of the section");
  const owner = reader.bytes("name", OWNER_SIZE);
  if (!owner.every((byte, index) => byte === (OWNER.charCodeAt(index) || 0))) {
    return refused('its owner is not "GNU"', "ENODATA");
  }
  if (idSize === 0) return refused("its id is empty");
  const offset = HEADER_SIZE + ((nameSize + 3) & ~3);
  // Xen does not include the padding of an odd name in its bounds check; we never read past the
  // section.
  if (offset + idSize > bytes.length) return refused("it ends past the end of the section");
  return { kind: "id", id: bytes.subarray(offset, offset + idSize), offset };
}

/** A whole section with one note; `id` of 20 bytes is what ld and Xen use. */
export function encodeBuildIdNote(id: Uint8Array): Uint8Array {
  invariant(id.length > 0, "a build-id must not be empty");
  const writer = new ByteWriter(HEADER_SIZE + OWNER_SIZE + id.length);
  writer.u32(OWNER_SIZE).u32(id.length).u32(NT_GNU_BUILD_ID);
  return writer
    .bytes(new TextEncoder().encode(`${OWNER}\0`))
    .bytes(id)
    .align(4)
    .toBytes();
}

function refused(reason: string, errno: "EINVAL" | "ENODATA" = "EINVAL"): BuildIdNote {
  return { kind: "refused", reason, errno };
}
