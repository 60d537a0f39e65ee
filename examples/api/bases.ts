// What a payload for a hypervisor is made from, by one word: its directory, or a version of Debian's.
// Usage: bases BASE
import { openBase } from "xsplice/bases";

const [word = "debian:12"] = process.argv.slice(2);
const { title, buildId, source, xenSyms, config } = await openBase(word);
console.log(`${title}, build-id ${buildId}`);
console.log(`source ${source}, symbols ${xenSyms}, configuration ${config?.name}`);
