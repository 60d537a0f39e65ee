// The tour: from nothing to a patched hypervisor and back. Each step does one thing, says what it
// is in plain words, and shows what was really seen, not what should have been.

import { toHex } from "../../bytes/hex.ts";
import { labHost } from "../../hosts/lab.ts";
import type { OpenLabOptions } from "../../lab/mod.ts";
import { xenVersion } from "../commands/info.ts";
import type { CommandCall } from "../spec.ts";
import {
  type AttackSeen,
  attackAgain,
  loseEverything,
  prepareTourAttack,
  type TourAttack,
} from "./attack.ts";
import { buildPayload } from "./build.ts";
import { buildFromFix } from "./build-fix.ts";
import { type CustomerSeen, startCustomer, tellOfCustomer, whileCounting } from "./customer.ts";
import type { TourPage } from "./page.ts";
import { applyPayload, removePayload, revertPayload, uploadPayload } from "./patch.ts";
import { lookAround } from "./scene.ts";
import { bootAgain, bootLab, fetchTourParts, readTourOptions } from "./setup.ts";

/** What was seen on the way: the line that `demo --json` ends with. */
export interface TourResult {
  readonly hypervisor: { readonly version: string; readonly buildId: string | undefined };
  readonly before: string;
  readonly patched: string;
  readonly reverted: string;
  /** Hex of the first bytes of the patched function, read from outside the guest. */
  readonly entryBefore: string;
  readonly entryPatched: string;
  readonly entryReverted: string;
  /** The virtual machine that counted meanwhile; missing where the hypervisor runs none. */
  readonly guest?: CustomerSeen;
  /** What became of the hypervisor; missing where the tour has no attack for it. */
  readonly attack?: AttackSeen;
  readonly seconds: number;
}

export async function runTour(call: CommandCall, page: TourPage): Promise<TourResult> {
  const startedAt = performance.now();
  introduce(page);
  const options = readTourOptions(call);
  const hasAttack = await fetchTourParts(call, page, options);
  const attack = hasAttack ? await prepareTourAttack(call) : undefined;
  const unpatched = attack && (await showTheLoss(call, page, options, attack));
  await using lab = await (attack ? bootAgain : bootLab)(call, page, options);
  await using host = await labHost(lab, call.io.signal);
  // From here on a real hypervisor runs, and answers.
  const scene = await lookAround({ call, page, lab, host });
  const customer = await startCustomer(scene);
  const payload = attack ? await buildFromFix(scene, attack) : await buildPayload(scene);
  await uploadPayload(scene, payload);
  const { result, seen } = await whileCounting(customer, async () => ({
    applied: await applyPayload(scene),
    attacked: attack && customer && (await attackAgain(scene, attack, customer)),
  }));
  if (seen !== undefined) tellOfCustomer(scene, seen);
  const reverted = await revertPayload(scene);
  await removePayload(scene);
  await host[Symbol.asyncDispose]();
  await lab.close();
  // The lab is gone: nothing runs any more, and nothing is left but the cache.
  const seconds = Math.round(performance.now() - startedAt) / 1000;
  sayGoodbye(page, seconds);
  const { applied, attacked } = result;
  return {
    hypervisor: { version: xenVersion(scene.info.version), buildId: scene.info.buildId },
    before: scene.seen.version,
    patched: applied.version,
    reverted: reverted.version,
    entryBefore: toHex(scene.seen.entry),
    entryPatched: toHex(applied.entry),
    entryReverted: toHex(reverted.entry),
    ...(seen && { guest: seen }),
    ...(unpatched !== undefined &&
      attacked !== undefined && { attack: { unpatched, patched: attacked } }),
    seconds,
  };
}

async function showTheLoss(
  call: CommandCall,
  page: TourPage,
  options: OpenLabOptions,
  attack: TourAttack,
): Promise<string> {
  await using lab = await bootLab(call, page, options);
  return await loseEverything({ call, page, lab }, attack);
}

function introduce(page: TourPage): void {
  page.title("A live patch, from C to a running hypervisor and back");
  page.gap();
  page.words(`A hypervisor is the program below the operating systems of a server: it lets many
    virtual machines share one computer. Xen is one. When a bug is found in it, the usual repair is
    to stop all machines and start the computer again. A live patch repairs it while everything
    keeps running. You are about to see one, on a real Xen in an emulated computer. Nothing on your
    own machine is changed.`);
}

function sayGoodbye(page: TourPage, seconds: number): void {
  page.gap();
  page.words(`That was the tour, in ${seconds.toFixed(1)} seconds. Where to go from here:`);
  page.gap();
  page.code([
    "xsplice lab up trial                  a lab that stays, to play with",
    "xsplice --host lab:trial info         talk to its hypervisor",
    "xsplice compile --help                make a payload of your own",
    "xsplice doctor                        what your machine can do",
  ]);
}
