// Hypercalls to the Xen of a lab, through the agent in its dom0; openPrivcmd() is the way in a dom0.
import { openLab } from "xsplice/lab";
import { ProxyTransport, XenClient } from "xsplice/xen-call";

await using lab = await openLab({ xen: process.argv[2] ?? "4.17" });
await using client = new XenClient(new ProxyTransport(lab.agent));
const { major, minor } = await client.version();
const dialect = await client.dialect();
console.log(`Xen ${major}.${minor}${await client.extraVersion()}`);
console.log(`build-id ${await client.buildId()}`);
console.log(`sysctl interface 0x${dialect.version.toString(16)}`);
for (const { name, metadata } of await client.list()) console.log(name, metadata);
