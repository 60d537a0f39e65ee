// The note of a build-id, with Xen's own checks in Xen's order: ABI reference §1.5.

import { ByteReader } from "../bytes/byte-reader.ts";
import type { ErrnoName } from "../xen-abi/errno.ts";

export type NoteReading =
  | { readonly kind: "id"; readonly id: Uint8Array }
  | { readonly kind: "bad"; readonly errno: ErrnoName; readonly words: string };

const HEADER_SIZE = 12;
const NAME_SIZE_MIN = 4;
const NT_GNU_BUILD_ID = 3;
const OWNER = [0x47, 0x4e, 0x55, 0]; // "GNU"

export function readBuildIdNote(bytes: Uint8Array): NoteReading {
  if (bytes.length <= HEADER_SIZE) return bad("EINVAL", `it has ${bytes.length} bytes`);
  const reader = new ByteReader(bytes, "note");
  const nameSize = reader.u32("namesz");
  const idSize = reader.u32("descsz");
  const type = reader.u32("type");
  if (type !== NT_GNU_BUILD_ID) return bad("ENODATA", `its type is ${type}`);
  if (nameSize + idSize > 0xffff_ffff) return bad("EINVAL", "its sizes overflow 32 bits");
  if (nameSize < NAME_SIZE_MIN) return bad("EINVAL", `its name has ${nameSize} bytes`);
  if (nameSize + idSize > bytes.length - HEADER_SIZE) return bad("EINVAL", "it is cut short");
  const owner = reader.bytes("name", OWNER.length);
  if (owner.some((byte, index) => byte !== OWNER[index])) {
    return bad("ENODATA", "its owner is not GNU");
  }
  if (idSize === 0) return bad("EINVAL", "its id is empty");
  // The padding of an odd name is not in Xen's bounds check; it reads what follows the section.
  const start = HEADER_SIZE + ((nameSize + 3) & ~3);
  return { kind: "id", id: bytes.subarray(start, start + idSize) };
}

export function sameId(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function bad(errno: ErrnoName, words: string): NoteReading {
  return { kind: "bad", errno, words };
}
