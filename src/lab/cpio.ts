// The archive that a Linux kernel unpacks as its first root file system: cpio, "newc" format, as
// defined by the kernel's documentation (driver-api/early-userspace/buffer-format).

export type CpioEntry =
  | { readonly kind: "folder"; readonly path: string; readonly mode: number }
  | {
      readonly kind: "file";
      readonly path: string;
      readonly mode: number;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | {
      readonly kind: "character-device";
      readonly path: string;
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
    };

const FILE_TYPE = {
  folder: 0o040000,
  file: 0o100000,
  link: 0o120000,
  "character-device": 0o020000,
};
const ALIGNMENT = 4;

/** All owned by root, all times zero: the same entries give the same bytes. */
export function writeCpio(entries: readonly CpioEntry[]): Buffer {
  const chunks = entries.flatMap((entry, index) => encode(entry, index + 1));
  chunks.push(...record({ name: "TRAILER!!!", inode: 0, mode: 0, bytes: new Uint8Array() }));
  return Buffer.concat(chunks);
}

function encode(entry: CpioEntry, inode: number): Uint8Array[] {
  const bytes =
    entry.kind === "file" ? entry.bytes : Buffer.from(entry.kind === "link" ? entry.target : "");
  const permissions = entry.kind === "link" ? 0o777 : entry.mode;
  const device = entry.kind === "character-device" ? entry : undefined;
  return record({
    name: entry.path,
    inode,
    mode: FILE_TYPE[entry.kind] | permissions,
    bytes,
    ...(device && { major: device.major, minor: device.minor }),
  });
}

interface CpioRecord {
  readonly name: string;
  readonly inode: number;
  readonly mode: number;
  readonly bytes: Uint8Array;
  readonly major?: number;
  readonly minor?: number;
}

function record({ name, inode, mode, bytes, major = 0, minor = 0 }: CpioRecord): Uint8Array[] {
  const nameBytes = Buffer.from(`${name}\0`);
  const fields = [
    inode,
    mode,
    0, // uid
    0, // gid
    1, // nlink
    0, // mtime
    bytes.length,
    0, // major of the device that holds the file
    0,
    major,
    minor,
    nameBytes.length,
    0, // checksum: unused in this variant
  ];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  return [...padded(Buffer.concat([Buffer.from(header), nameBytes])), ...padded(bytes)];
}

function padded(bytes: Uint8Array): Uint8Array[] {
  return [bytes, new Uint8Array((ALIGNMENT - (bytes.length % ALIGNMENT)) % ALIGNMENT)];
}
