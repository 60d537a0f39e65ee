// The tour's first steps: what it is made of, and the boot.

import { type Lab, type OpenLabOptions, openLab, partsForLab } from "../../lab/mod.ts";
import { cacheFolder, fetchParts, type PartsPlan, planParts } from "../../parts/mod.ts";
import { SANDBOX_PART } from "../../xen-make/sandbox/find-sandbox.ts";
import type { CommandCall } from "../spec.ts";
import { megabytes, progressLine } from "../text/progress.ts";
import { attackStory } from "./attack.ts";
import type { TourPage } from "./page.ts";

export function readTourOptions({ options, io }: CommandCall): OpenLabOptions {
  const xenSymbols = options.text("xen-syms");
  return {
    xen: options.text("xen") ?? "4.17",
    name: `demo-${process.pid}`,
    ...(xenSymbols === undefined ? {} : { xenSymbols }),
    cache: cacheFolder(io.env),
    signal: io.signal,
  };
}

/**
 * Says what is downloaded before it is. Gives whether the attack can be shown, which takes more parts.
 * @throws PartsError with what cannot be had for the lab, and why
 */
export async function fetchTourParts(
  { io }: CommandCall,
  page: TourPage,
  options: OpenLabOptions,
): Promise<boolean> {
  page.step("Get what it takes");
  const hasAttack = options.xen === attackStory.xen;
  page.words(`An emulated computer, Xen${hasAttack ? " and its source" : ""}, and a small Linux: all
    from Debian's packages, unpacked into your cache directory, without root. Nothing is installed.`);
  page.gap();
  const progress = progressLine(io, "     ");
  const { onProgress } = progress;
  const cache = cacheFolder(io.env);
  const watched = { onProgress, signal: io.signal };
  const needed = partsForLab(options);
  const wanted = [...new Set([...needed, ...(hasAttack ? attackStory.parts : [])])];
  const plan = await planParts(wanted, { cache, environment: io.env, ...watched });
  for (const { definition, reason } of plan.unavailable) {
    if (needed.includes(definition.id)) throw reason;
  }
  const [lacking] = plan.unavailable.filter(({ definition }) => definition.id !== SANDBOX_PART);
  if (lacking !== undefined) {
    page.words(`The tour's attack is left out, since its payload cannot be built:
      ${lacking.reason.report.problem}.`);
    page.gap();
  }
  if (plan.toFetch.length > 0) announce(page, plan);
  await fetchParts(plan, watched);
  progress.end();
  if (plan.toFetch.length === 0) page.fact("download", "nothing, all of it is here");
  page.fact("kept in", cache);
  return hasAttack && lacking === undefined;
}

function announce(page: TourPage, plan: PartsPlan): void {
  page.words("This is downloaded now, and never again:");
  page.gap();
  page.code(
    plan.toFetch.map(
      ({ definition, downloadBytes }) =>
        `${definition.id.padEnd(10)} ${megabytes(downloadBytes).padStart(8)}  ${definition.purpose}`,
    ),
  );
  page.code([`${"in all".padEnd(10)} ${megabytes(plan.downloadBytes).padStart(8)}`]);
  page.gap();
}

export async function bootLab(
  { io }: CommandCall,
  page: TourPage,
  options: OpenLabOptions,
): Promise<Lab> {
  page.step("Start a real Xen");
  page.words(`Xen starts before any operating system. The first one that it starts is called dom0:
    the Linux that may give it orders. Both are Debian's own, unchanged; the computer that they
    run on is emulated by QEMU. A first boot takes some seconds; then a snapshot is kept, from
    which the next start is immediate.`);
  page.gap();
  return await openTourLab(io, page, options);
}

/** After a hypervisor that has died. */
export async function bootAgain(
  { io }: CommandCall,
  page: TourPage,
  options: OpenLabOptions,
): Promise<Lab> {
  page.step("Start the same host again");
  return await openTourLab(io, page, options);
}

async function openTourLab(
  io: CommandCall["io"],
  page: TourPage,
  options: OpenLabOptions,
): Promise<Lab> {
  const progress = progressLine(io, "     ");
  const startedAt = performance.now();
  const lab = await openLab({ ...options, onProgress: progress.onProgress });
  progress.end();
  page.fact("started", `in ${((performance.now() - startedAt) / 1000).toFixed(2)} s`);
  page.fact("package", lab.info.packageVersion ?? lab.info.xen);
  return lab;
}
