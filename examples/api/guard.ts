// Which bytes of functions a payload can have Xen compare before it applies, and which it cannot.
import { readFileSync } from "node:fs";
import { readXenSyms } from "xsplice/builder";
import { type GuardedFunction, guardsFor } from "xsplice/guard";

const [path = "xen-syms", ...names] = process.argv.slice(2);
const image = readXenSyms(readFileSync(path), path);
const functions = names.flatMap((name): GuardedFunction[] => {
  const symbol = image.byName.get(name);
  return symbol ? [{ ...symbol, role: "replaced", below: "hypervisor" }] : [];
});
const { release } = image;
const { guards, unguarded } = guardsFor({ image, release, functions, level: "full" });
const bytes = guards.reduce((sum, guard) => sum + guard.bytes.length, 0);
console.log(`${guards.length} entries compare ${bytes} bytes of ${functions.length} functions`);
for (const { functionName, offset, sizeBytes, reason } of unguarded) {
  console.log(`not compared: ${functionName}+${offset}, ${sizeBytes} bytes (${reason})`);
}
