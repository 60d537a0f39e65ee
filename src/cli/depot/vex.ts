import { DepotError } from "../../depot/errors.ts";
import { ExitCode } from "../exit-code.ts";
import type { TopCommand } from "../spec.ts";
import { UsageError } from "../usage-error.ts";
import { packageVersion } from "../version.ts";
import { channelOption } from "./ask.ts";
import { readStatus } from "./status.ts";

const formats = ["openvex", "csaf"] as const;

export const vexCommand: TopCommand = {
  name: "vex",
  description: [
    "Scanners see the version of a package, and not what is patched in memory. This says which vulnerabilities of the hypervisor this host is not affected by, since a live patch is in force, and which it is affected by, with what to do. The trusted depot says which payload closes what; the host says what is applied.",
    "It holds until the next reboot or change: make it anew from a timer.",
  ],
  arguments: [],
  options: [
    {
      name: "format",
      value: "FORMAT",
      choices: formats,
      default: "openvex",
      description: "OpenVEX 0.2.0, or CSAF 2.0 with the profile VEX",
    },
    {
      name: "product",
      value: "PURL",
      required: "always",
      description: "package URL of the hypervisor's package, as your scanner names it",
    },
    { name: "author", value: "TEXT", description: "who says it", default: "xsplice" },
    {
      name: "namespace",
      value: "URI",
      description: "of CSAF: a URI of the author's",
      default: "https://example.invalid",
    },
    channelOption,
  ],
  examples: [
    {
      command: "xsplice vex --product pkg:deb/debian/xen@4.17.5+72",
      explains: "OpenVEX of this dom0",
    },
    {
      command: "xsplice --host ssh:root@dom0 vex --format csaf --product pkg:generic/xen@4.17.5",
      explains: "CSAF of another host",
    },
  ],
  kind: "own",
  run: async (call) => {
    const { options, io } = call;
    const product = options.requiredText("product");
    const namespace = options.text("namespace") ?? "https://example.invalid";
    if (!/^pkg:[a-z][\w.+-]*\/[^\s]+$/i.test(product))
      throw notA("product", product, "a package URL, such as pkg:deb/debian/xen@4.17.5");
    if (!URL.canParse(namespace))
      throw notA("namespace", namespace, "a URI, such as https://example.org");
    const [status, { statementsOf }, { openVexOf }, { csafOf }] = await Promise.all([
      readStatus(call),
      import("../../depot/vex/statement.ts"),
      import("../../depot/vex/openvex.ts"),
      import("../../depot/vex/csaf.ts"),
    ]);
    const statements = statementsOf(status);
    if (statements.length === 0) throw nothingToSay(status.channel);
    const author = options.text("author") ?? "xsplice";
    const subject = { product, author, namespace, at: new Date(), version: packageVersion() };
    const isCsaf = options.choice("format", formats) === "csaf";
    const document = isCsaf ? csafOf(statements, subject) : openVexOf(statements, subject);
    // Documents of others have no field of ours, with --json neither.
    io.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
    return ExitCode.success;
  },
};

function nothingToSay(channel: string): DepotError {
  return new DepotError({
    code: "depot/no-wish",
    problem: `Cannot say anything of vulnerabilities: channel ${channel} names no fix for this hypervisor`,
    expected: "payloads that were added with --fix",
  });
}

function notA(option: string, text: string, expected: string): UsageError {
  return new UsageError({
    code: "usage/bad-value",
    problem: `Cannot use "${text}"`,
    where: `--${option}`,
    expected,
  });
}
