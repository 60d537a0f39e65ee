// A host that only looks: for what must never change a hypervisor, whatever it is asked to do.
import { HostError, type LivepatchHost, settledState } from "xsplice/host";
import { openHost } from "xsplice/hosts";

function lookingOnly(host: LivepatchHost): LivepatchHost {
  const refuse = async (): Promise<never> => {
    throw new HostError({
      code: "host/unsupported",
      problem: `Cannot change ${host.label}: only looking`,
    });
  };
  return new Proxy(host, {
    get: (target, key) => {
      if (key === "upload" || key === "act") return refuse;
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

await using host = lookingOnly(await openHost(process.argv[2] ?? "local"));
for (const { name, status } of await host.list({ deadlineMs: 5_000 })) {
  console.log(`${name} is ${settledState(status)}`);
}
await host
  .upload("fix", new Uint8Array(), { deadlineMs: 5_000 })
  .catch((error) => console.log(error.message));
