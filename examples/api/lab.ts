// Boots a real Xen in an emulated computer, looks at it from inside and from outside, and ends it.
import { toHex } from "xsplice/bytes";
import { openLab } from "xsplice/lab";

await using lab = await openLab({
  xen: process.argv[2] ?? "4.17",
  onProgress: ({ text }) => console.warn(text),
});
console.log(`Xen ${lab.info.packageVersion}, from a ${lab.info.startedFrom}`);
const { stdout, exitCode } = await lab.exec(["uname", "-s"]);
console.log(`dom0 is ${stdout.toString().trim()} (${exitCode})`);
const code = await lab.readHypervisor(0xffff82d040200000n, 4);
console.log(`the hypervisor begins with ${toHex(code)}`);
for (const line of lab.consoleText().split("\n").slice(0, 3)) console.log(line);
