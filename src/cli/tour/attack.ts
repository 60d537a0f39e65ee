// The tour's villain: a virtual machine that takes the hypervisor down, and everything with it; and, once
// the payload is applied, does nothing. It is a trigger of share/triggers/.

import { compileGuest } from "../../guest/compile-guest.ts";
import { Guest } from "../../guest/guest.ts";
import type { GuestImage } from "../../guest/image.ts";
import type { Lab } from "../../lab/lab.ts";
import { shareFile } from "../../lab/share-file.ts";
import { PINNED_XEN_4_17 } from "../../parts/xen-parts.ts";
import { type Attacker, prepareAttack } from "../../prove/attack.ts";
import { findTrigger } from "../../prove/find-trigger.ts";
import { judge } from "../../prove/observation.ts";
import type { Trigger } from "../../prove/trigger.ts";
import { buildParts } from "../../xen-make/tools.ts";
import type { CommandCall } from "../spec.ts";
import { countOf } from "./customer.ts";
import type { TourPage } from "./page.ts";

/** What `demo --json` says of it: what became of the hypervisor, in words. */
export interface AttackSeen {
  readonly unpatched: string;
  readonly patched: string;
}

/** The one release that the tour shows whose hole is open and whose source can be had. */
export const attackStory = {
  xen: "4.17",
  base: `debian:${PINNED_XEN_4_17}`,
  trigger: "XSA-504",
  /** Besides those of the lab. */
  parts: [...buildParts, "xen-source-4.17"],
} as const;

export interface TourAttack {
  readonly trigger: Trigger;
  readonly attacker: Attacker;
  /** The path of the patch that closes the hole. */
  readonly fix: string;
  /** For whom it is built. */
  readonly base: string;
  /** A customer's program, for the host that dies. */
  readonly customer: GuestImage;
}

interface Playground {
  readonly call: CommandCall;
  readonly page: TourPage;
  readonly lab: Lab;
}

/** Of a panic, the lines that say what it was. */
const LINES_SHOWN = 4;

export async function prepareTourAttack({ io }: CommandCall): Promise<TourAttack> {
  const { trigger: name, base } = attackStory;
  const trigger = findTrigger(name);
  const options = { compiler: io.env["CC"] || undefined, signal: io.signal };
  return {
    trigger,
    attacker: await prepareAttack(trigger, options),
    fix: shareFile(`triggers/${name}/fix.patch`),
    base,
    customer: await compileGuest(shareFile("guest/counter.c"), 32, options),
  };
}

/** Takes the lab's hypervisor down. Gives what was seen. */
export async function loseEverything(
  { call, page, lab }: Playground,
  { trigger, attacker, customer }: TourAttack,
): Promise<string> {
  page.step("Two virtual machines, and one of them attacks");
  page.words(`The first one stands for a customer's: it does nothing but count. The second one uses a
    hole of this hypervisor, ${trigger.text.cve}: it starts a timer that shall ring again after no
    time at all, and the hypervisor divides by that number. Whoever rents such a machine can do it.`);
  page.gap();
  const first = await Guest.start(lab, customer); // It ends with the lab.
  page.fact("first", `has counted to ${await countOf(first)}`);
  const seen = await attacker.run(lab, first.domain, call.io.signal);
  const judged = judge(seen, trigger.text.hole);
  page.fact("second", judged.words);
  page.gap();
  if (judged.kind !== "hole") {
    page.words("This is not what the attack does elsewhere. The tour goes on all the same.");
    return judged.words;
  }
  page.words("The hypervisor's last words, on its console:");
  page.gap();
  page.code(lastWords(seen.console));
  page.gap();
  page.words(`Every virtual machine of the host is gone, the customer's as well. To start them again
    helps only until the attacker comes again.`);
  return judged.words;
}

/** The same attack, on the hypervisor with the payload. Gives what was seen. */
export async function attackAgain(
  { call, page, lab }: Playground,
  { trigger, attacker }: TourAttack,
  customer: Guest,
): Promise<string> {
  page.step("The attack again");
  page.words("The same program as before, as a second virtual machine. What it says:");
  page.gap();
  const seen = await attacker.run(lab, customer.domain, call.io.signal);
  const judged = judge(seen, trigger.text.hole);
  page.code(seen.output.trimEnd().split("\n"));
  page.gap();
  page.fact("seen", judged.words);
  page.gap();
  page.words(
    judged.kind === "no-hole"
      ? "The hole is closed."
      : "The hole is not closed: this is a bug, please report it.",
  );
  return judged.words;
}

function lastWords(console: string): readonly string[] {
  const lines = console.replaceAll("\r", "").split("\n");
  const at = lines.findIndex((line) => /Panic on CPU/.test(line));
  const from = lines.slice(Math.max(0, at)).filter((line) => !/^(\(XEN\) \**)?$/.test(line));
  return from.slice(0, LINES_SHOWN);
}
