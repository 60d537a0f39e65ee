// The notes in a file such as /sys/kernel/notes: sizes that the file tells are held against its end.
import { readFileSync } from "node:fs";
import { ByteError, ByteReader, toHex } from "xsplice/bytes";

const [path = "/sys/kernel/notes"] = process.argv.slice(2);
const reader = new ByteReader(readFileSync(path), path);
const padded = (size: number): number => (size + 3) & ~3;
try {
  while (reader.remaining > 0) {
    const [nameSize, contentSize] = [reader.u32("name size"), reader.u32("content size")];
    const type = reader.u32("type");
    const name = Buffer.from(reader.bytes("name", padded(nameSize))).toString("latin1");
    const content = reader.bytes("content", padded(contentSize)).subarray(0, contentSize);
    console.log(`${name.slice(0, nameSize - 1)} ${type}: ${toHex(content)}`);
  }
} catch (error) {
  if (!(error instanceof ByteError)) throw error;
  console.log(error.report.problem);
}
