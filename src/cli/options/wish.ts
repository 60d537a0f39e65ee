// The goal of a host, as options of `plan` and `sync`, and further facts.

import { toHex } from "../../bytes/hex.ts";
import { invariant } from "../../invariant.ts";
import { PlanError } from "../../plan/obstacle.ts";
import type { GivenPayload } from "../../plan/piece.ts";
import type { PlanOptions } from "../../plan/plan.ts";
import type { Wish } from "../../plan/wish.ts";
import type { XenSyms } from "../../running/xen-syms.ts";
import type { Exclusion, OptionSpec } from "../option-spec.ts";
import { readXenSymsFile } from "../read-xen-syms-file.ts";
import type { CommandCall } from "../spec.ts";
import { UsageError } from "../usage-error.ts";
import { danglingOption, readDangling } from "./action.ts";
import { type GivenFile, payloadsInFolder, readGivenPayloads } from "./given-payloads.ts";
import { payloadOption } from "./payload.ts";
import { xenSymsOption } from "./xen-syms.ts";

/** Each sets a goal, and only one is allowed. */
export const goalOptions: readonly string[] = ["to", "to-dir", "to-nothing", "revert"];

export interface WishOptionWords {
  /** Other options of the command that set a goal. */
  readonly goalBesides: readonly string[];
  /** The purpose of the hypervisor's symbols. */
  readonly xenSyms: string;
}

export function wishOptions({ goalBesides, xenSyms }: WishOptionWords): readonly OptionSpec[] {
  const [, ...insteadOfTo] = [...goalOptions, ...goalBesides];
  const others = (...names: readonly string[]): readonly Exclusion[] =>
    names.map((option) => ({ option, because: "a host can be brought to one goal at a time" }));
  return [
    {
      name: "to",
      value: "FILE",
      valueCount: "many",
      description: "the payloads to be applied, and no others",
      repeatable: "yes",
      completes: "file",
      required: { unless: insteadOfTo },
      excludes: others("to-nothing", "revert"),
    },
    {
      name: "to-dir",
      value: "DIR",
      description: "the same for every *.livepatch in a directory",
      completes: "file",
      excludes: others("to-nothing", "revert"),
    },
    {
      name: "to-nothing",
      description: "no payload is to be applied or loaded",
      excludes: others("revert"),
    },
    {
      name: "revert",
      value: "NAME",
      valueCount: "many",
      description:
        "payloads to be removed; all others stay, and one that was removed before needs nothing",
      repeatable: "yes",
      completes: "payload",
    },
    payloadOption,
    { ...xenSymsOption, description: xenSyms },
    {
      name: "allow-fresh-data",
      description:
        "a payload that stays may be reverted and applied again although its data is reset",
    },
    danglingOption,
    { name: "gapless", description: "refuse a plan in which a fix is missing for a moment" },
  ];
}

export interface ReadWish {
  readonly wish: Wish;
  /** Of the wish and of `--payload`. */
  readonly files: readonly GivenFile[];
  readonly options: PlanOptions;
  /** Sources of those that only their directory was named for. */
  readonly fromFolder: readonly string[];
  /** Of the xen-syms file, hex; `undefined` without one. */
  readonly xenSymsId: string | undefined;
}

/** @throws UsageError for a directory without payloads; errors of the files */
export async function readWish(call: CommandCall): Promise<ReadWish> {
  const { options, io } = call;
  const known = await readGivenPayloads(options.texts("payload"), io.signal);
  const symbols = await readSymbols(options.text("xen-syms"), io.signal);
  const planOptions: PlanOptions = {
    files: known,
    freshData: options.has("allow-fresh-data") ? "allow" : "refuse",
    dangling: readDangling(call),
    moments: options.has("gapless") ? "refuse" : "refuse-avoidable",
    ...(symbols && { addressOf: (symbol) => symbols.byName.get(symbol)?.address }),
  };
  const xenSymsId = symbols && toHex(symbols.buildId);
  const names = options.texts("revert");
  if (names.length > 0) {
    const wish = { kind: "revert", names } as const;
    return { wish, files: known, options: planOptions, fromFolder: [], xenSymsId };
  }
  const fromFolder = await filesInFolder(options.text("to-dir"));
  const wanted = [...options.texts("to"), ...fromFolder];
  const isGoal = wanted.length > 0 || options.has("to-nothing");
  invariant(isGoal, "no host is brought to nothing because nothing was said");
  const payloads = await readGivenPayloads(wanted, io.signal);
  const wish = { kind: "apply-exactly", payloads } as const;
  const files = [...payloads, ...known];
  return { wish, files, options: planOptions, fromFolder, xenSymsId };
}

async function filesInFolder(folder: string | undefined): Promise<readonly string[]> {
  if (folder === undefined) return [];
  const found = await payloadsInFolder(folder);
  // A mistyped directory would remove every fix from the host.
  if (found.length === 0) throw emptyFolder(folder);
  return found;
}

export interface WishForHost {
  readonly wish: Wish;
  /** Sentences without their ends: what of a directory is for other hypervisors. */
  readonly passedOver: readonly string[];
}

/**
 * A directory may have payloads for several hypervisors: those for the host's are wished for.
 * @param hostId build-id of the host's hypervisor
 * @throws UsageError when none of them is for it
 */
export function wishForHost(
  { wish, fromFolder }: Pick<ReadWish, "wish" | "fromFolder">,
  hostId: string | undefined,
): WishForHost {
  if (wish.kind !== "apply-exactly" || hostId === undefined) return { wish, passedOver: [] };
  const isOther = ({ source, facts: { xenDepends } }: GivenPayload): boolean =>
    fromFolder.includes(source) && xenDepends !== undefined && xenDepends !== hostId;
  const others = wish.payloads.filter(isOther);
  const payloads = wish.payloads.filter((payload) => !isOther(payload));
  const words = others.map(
    ({ source, facts }) => `passed over ${source}: it is for hypervisor ${facts.xenDepends}`,
  );
  if (payloads.length === 0 && others.length > 0) throw noneForHost(hostId, words);
  return { wish: { ...wish, payloads }, passedOver: words };
}

function noneForHost(hostId: string, words: readonly string[]): UsageError {
  return new UsageError({
    code: "usage/bad-value",
    problem:
      "Cannot tell what should be applied: no payload of the directory is for this hypervisor",
    where: words.join("\n"),
    expected: `a payload for ${hostId}, the build-id of the host's hypervisor`,
    remedy: "build one for it, or give --to-nothing if no payload should be applied",
  });
}

async function readSymbols(
  path: string | undefined,
  signal: AbortSignal,
): Promise<XenSyms | undefined> {
  if (path === undefined) return undefined;
  const { readXenSyms } = await import("../../running/xen-syms.ts");
  return readXenSyms(await readXenSymsFile(path, signal), path);
}

/** @throws PlanError plan/wrong-hypervisor when the xen-syms file is another hypervisor's */
export function checkXenSyms(
  { xenSymsId }: Pick<ReadWish, "xenSymsId">,
  hostId: string | undefined,
): void {
  if (xenSymsId === undefined || hostId === undefined || xenSymsId === hostId) return;
  throw new PlanError({
    code: "plan/wrong-hypervisor",
    problem: "Cannot use this xen-syms: it is of another hypervisor than the host's",
    where: "--xen-syms",
    expected: `${hostId}, the build-id of the host's hypervisor\n${xenSymsId} is in the file`,
  });
}

function emptyFolder(folder: string): UsageError {
  return new UsageError({
    code: "usage/bad-value",
    problem: `Cannot tell from "${folder}" what should be applied: it contains no payload`,
    where: "--to-dir",
    expected: "a directory with payloads, *.livepatch",
    remedy: "give another directory, or --to-nothing if no payload should be applied",
  });
}
