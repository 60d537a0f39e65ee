// What a function of a xen-syms calls: its code decoded, targets by their names.
import { readFileSync } from "node:fs";
import { bytesAtAddress, openElf, requireSymbol } from "xsplice/elf";
import { decodeBranches, disassemble } from "xsplice/isa";

const [path = "xen-syms", name = "do_xen_version"] = process.argv.slice(2);
const object = openElf(readFileSync(path), path);
const names = new Map(object.symbols.map((symbol) => [symbol.value, symbol.name]));
const { value: start, size } = requireSymbol(object, name);
const code = bytesAtAddress(object, start, Number(size));

for (const { kind, target } of decodeBranches(code, 0)) {
  const callee = names.get(start + BigInt(target));
  if (kind === "call") console.log(`calls ${callee ?? `${name}+0x${target.toString(16)}`}`);
}
const resolveName = (target: bigint): string | undefined => names.get(target);
const lines = disassemble(object.header.machine, code, { address: start, resolveName });
console.log(`${lines.length} instructions, the first: ${lines[0]?.text}`);
