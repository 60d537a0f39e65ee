// Which guest: the options of the commands that start one.

import { type GuestBits, guestBits } from "../../guest/compile-guest.ts";
import {
  type GuestKind,
  type GuestOptions,
  guestKinds,
  guestMemoryMb,
  requireViridianParts,
} from "../../guest/guest-options.ts";
import type { GuestProgram } from "../../guest/toolstack-guest.ts";
import type { OptionSpec } from "../option-spec.ts";
import { splitPair } from "../options/split-pair.ts";
import type { ArgumentSpec, CommandCall } from "../spec.ts";
import { UsageError } from "../usage-error.ts";

export const guestArgument: ArgumentSpec = {
  name: "GUEST",
  description:
    "a C file for the kit in share/guest/, an ELF file that begins in 32-bit mode, or a flat program for address 0x4000",
  count: "one",
  completes: "file",
};

export const guestOptions: readonly OptionSpec[] = [
  {
    name: "kind",
    value: "KIND",
    description:
      "hvm needs no toolstack; pvh and pv are started by Xen's own xl, in a lab with --full. A C file runs as hvm and pvh",
    choices: guestKinds,
    default: "hvm",
  },
  {
    name: "bits",
    value: "BITS",
    description: "the mode that a C file is compiled for and runs in",
    choices: guestBits.map(String),
    default: "32",
  },
  {
    name: "guest-memory",
    value: "MB",
    description: "memory of the guest",
    range: guestMemoryMb,
    default: "4, or what the program needs",
  },
  {
    name: "paging",
    value: "WHOSE",
    description: "who walks the guest's page tables: the processor (hap) or Xen (shadow)",
    choices: ["hap", "shadow"],
    default: "hap",
  },
  {
    name: "viridian",
    value: "PARTS",
    description:
      "parts of Microsoft's interface, with commas between them: base, synic, stimer, reference-tsc and others",
  },
  {
    name: "hvm-param",
    value: "NUMBER=VALUE",
    description: "a parameter of the guest, by its number in Xen's public/hvm/params.h",
    repeatable: "yes",
  },
];

/** What only a guest that is made of hypercalls can be given. */
const HVM_ONLY = ["paging", "viridian", "hvm-param"] as const;

export function readGuestKind({ options }: CommandCall): GuestKind {
  const kind = options.choice("kind", guestKinds) ?? "hvm";
  const given = HVM_ONLY.find((name) => options.text(name) !== undefined);
  if (kind === "hvm" || given === undefined) return kind;
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot give --${given} to a guest of the kind ${kind}: only hvm takes it`,
    where: `--kind ${kind}`,
  });
}

export function readGuestOptions({ options }: CommandCall): GuestOptions {
  const viridian = options.text("viridian");
  return {
    memoryMb: options.number("guest-memory"),
    paging: options.choice("paging", ["hap", "shadow"]),
    ...(viridian === undefined ? {} : { viridian: requireViridianParts(viridian.split(",")) }),
    parameters: options.texts("hvm-param").map(readParameter),
  };
}

export async function readGuestProgram(call: CommandCall): Promise<GuestProgram> {
  const { args, options, io } = call;
  const kind = readGuestKind(call);
  const { loadGuest } = await import("../../guest/load-guest.ts");
  const [path = ""] = args;
  const bits = guestBits.find((known) => String(known) === options.text("bits"));
  return await loadGuest(path, {
    kind,
    bits: bits ?? (32 satisfies GuestBits),
    compiler: io.env["CC"] || undefined,
    signal: io.signal,
  });
}

function readParameter(text: string): [number, bigint] {
  const [name, value] = splitPair("--hvm-param", text);
  if (/^\d{1,3}$/.test(name) && /^(0x[0-9a-f]{1,16}|\d{1,19})$/i.test(value)) {
    return [Number(name), BigInt(value)];
  }
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot use "${text}" as a parameter of a guest: it is not NUMBER=VALUE`,
    where: "--hvm-param",
    expected: "two numbers, such as 9=0x181",
  });
}
