// Hypervisors of a few functions, for the tests of this folder. Not a test.

import { parseRelease } from "../xen-abi/release.ts";

const START = 0x1000n;
const ROOM = 0x40;

/** Functions side by side. In their code, `call:NAME` and `jmp:NAME` stand for near branches. */
export function imageOf(functions: Readonly<Record<string, string>>, release = "4.17.5") {
  const names = Object.keys(functions);
  const placeOf = (name: string) => names.indexOf(name) * ROOM;
  const memory = Buffer.alloc(names.length * ROOM, 0xcc);
  const placed = Object.entries(functions).map(([name, text]) => {
    let at = placeOf(name);
    for (const word of text.split(" ")) {
      const [kind, target] = word.split(":");
      if (target === undefined) {
        at += memory.write(word, at, "hex");
        continue;
      }
      memory[at] = kind === "call" ? 0xe8 : 0xe9;
      memory.writeInt32LE(placeOf(target) - at - 5, at + 1);
      at += 5;
    }
    return { name, address: START + BigInt(placeOf(name)), sizeBytes: at - placeOf(name) };
  });
  return {
    release: parseRelease(release),
    functions: placed,
    bytesAt: (address: bigint, length: number) => {
      const at = Number(address - START);
      return memory.subarray(at, at + length);
    },
  };
}

export const RET = "c3";
