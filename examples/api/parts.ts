// What xSplice would fetch on this machine, and what is there already. Fetches nothing.
import { cacheFolder, inspectParts, partIds } from "xsplice/parts";

let missingBytes = 0;
for (const { definition, state } of inspectParts(partIds)) {
  const { id, purpose, approximateBytes } = definition;
  if (state.kind === "missing") missingBytes += approximateBytes;
  console.log(`${state.kind.padEnd(8)} ${id}: ${purpose}`);
}
console.log(`${Math.round(missingBytes / 1e6)} MB at most, into ${cacheFolder()}`);
