// One base of a matrix: what is there already stays, what is missing or was made of other inputs is built. The cell's
// own file is written last, so that whoever stops in between leaves a base as not made.

import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { BuildOptions } from "../../builder/build-options.ts";
import { codeDigest } from "../../builder/code-digest.ts";
import { sha256 } from "../../bytes/sha256.ts";
import { noteMadeHere } from "../../depot/vouch/made-here.ts";
import { removeDamaged } from "../../files/make-whole.ts";
import { writeWhole } from "../../files/write-whole.ts";
import type { MatrixBase } from "../../matrix/bases-file.ts";
import {
  type Cell,
  type CellFile,
  cellKey,
  decodeCell,
  encodeCell,
  isCurrent,
} from "../../matrix/cell.ts";
import { type CellPlaces, placesOf } from "../../matrix/places.ts";
import { splitSeries } from "../../matrix/series.ts";
import { runProcess } from "../../parts/run-process.ts";
import { onHypervisor } from "../../running/payload-below.ts";
import { readSourceTree } from "../../xen-make/source-tree.ts";
import { madeHereFolder } from "../depot/state-folder.ts";
import { toDocument } from "../emit.ts";
import type { CommandIo } from "../io.ts";
import { nameOfPatch } from "../options/build.ts";
import { readPatches, readSeries } from "../options/patches.ts";
import { readXenSymsFile } from "../read-xen-syms-file.ts";
import { causesInShort } from "../text/build-refusals.ts";
import type { OpenedBase } from "./open-base.ts";
import type { MatrixWish } from "./wish.ts";

export interface MadeCell {
  readonly cell: Omit<Cell, "format">;
  readonly places: CellPlaces;
  /** Whether this run has built it. */
  readonly isNew: boolean;
}

export interface CellRequest {
  readonly base: MatrixBase;
  readonly opened: OpenedBase;
  readonly wish: MatrixWish;
  readonly io: CommandIo;
  readonly onProgress: (text: string) => void;
}

/** @throws what buildFix() throws; MatrixError; the system's error of a write */
export async function makeCell(request: CellRequest): Promise<MadeCell> {
  const { base, opened, wish, io } = request;
  const startedAt = performance.now();
  const options = await optionsFor(request);
  const fix = { patches: options.inputs.patches, own: base.series };
  const name = wish.name ?? nameOfPatch(fix.own ?? fix.patches.at(-1)?.name ?? "fix");
  const { buildId } = opened;
  const { layout, to, folder } = wish;
  const places = placesOf({ layout, name, buildId, from: base.version, to });
  const key = await keyOf(options, places, io);
  const there = readCell(folder, places.cell);
  // What hooks include is found by the compiler alone, so the key does not know it.
  const isKnown = options.inputs.hooks.length === 0;
  if (isKnown && isCurrent(there, key, (path) => digestAt(folder, path))) {
    linkTo(folder, places, there.outcome === "built");
    const cell = { ...there, label: base.label };
    return { cell, places, isNew: false };
  }
  const [{ buildFix }, { reportOf }] = await Promise.all([
    import("../../builder/build.ts"),
    import("../../builder/report.ts"),
  ]);
  const built = await buildFix(options);
  const report = toDocument("build", reportOf(built, options, places.payload));
  removeFile(folder, places.cell); // From here to its end, nothing is made.
  const bytes = built.payload?.bytes;
  const cell: Omit<Cell, "format"> = {
    key,
    label: base.label,
    buildId,
    outcome: outcomes[built.outcome],
    reasons: causesInShort(built.refusals),
    functions: built.payload?.functions.length ?? 0,
    payload: bytes && put(folder, places.payload, bytes),
    payloadBuildId: built.payload && Buffer.from(built.payload.buildId).toString("hex"),
    report: put(folder, places.report, Buffer.from(report)),
    proof: undefined,
    seconds: (performance.now() - startedAt) / 1000,
  };
  if (bytes === undefined) removeFile(folder, places.payload);
  linkTo(folder, places, bytes !== undefined);
  saveCell(folder, places, cell);
  if (cell.payload !== undefined) {
    noteMadeHere(madeHereFolder(io.env), {
      sha256: cell.payload.sha256,
      buildId: cell.payloadBuildId ?? "",
      at: new Date().toISOString(),
      inputs: [{ input: "all", here: key }],
    });
  }
  return { cell, places, isNew: true };
}

export function saveCell(folder: string, places: CellPlaces, cell: Omit<Cell, "format">): void {
  put(folder, places.cell, Buffer.from(encodeCell(cell)));
}

const outcomes = {
  built: "built",
  refused: "refused",
  unchanged: "no-change",
  "left-out": "no-change",
} as const;

async function optionsFor({
  base,
  opened,
  wish,
  io,
  onProgress,
}: CellRequest): Promise<BuildOptions> {
  const { source, config, xenSyms, compiler, path } = opened;
  const { allowed, label, mode, guard, hooks, jobs, atOnce, sandbox, fuzz } = wish;
  const own = base.series === undefined ? undefined : await readOwnSeries(base.series, fuzz);
  const pristine = [
    ...(await readPatches(base.pristine)),
    ...wish.pristine,
    ...(own?.pristine ?? []),
  ];
  return {
    inputs: {
      source,
      config,
      xenSyms: { name: xenSyms, bytes: await readXenSymsFile(xenSyms, io.signal) },
      patches: own?.patches ?? wish.patches,
      pristine,
      hooks: hooks.map((hook) => hook.path),
    },
    stacking: { mode, guard, foundation: onHypervisor, basePatches: [], previous: undefined },
    allowed,
    label,
    run: {
      compiler: compiler ?? (io.env["CC"] || undefined),
      jobs: Math.max(1, Math.ceil(jobs / atOnce)),
      sandbox,
      environment: path === undefined ? io.env : { ...io.env, PATH: path },
      signal: io.signal,
      onProgress,
    },
  };
}

async function readOwnSeries(path: string, fuzz: number | undefined) {
  const { pristine, patches } = splitSeries(await readSeries(path), path);
  const fix = await readPatches(patches);
  return { pristine: await readPatches(pristine), patches: fix.map((one) => ({ ...one, fuzz })) };
}

async function keyOf(
  { inputs, stacking, allowed, label, run }: BuildOptions,
  places: CellPlaces,
  { env }: CommandIo,
): Promise<string> {
  const compiler = run.compiler ?? "gcc";
  const asked = await runProcess([compiler, "--version"], { env: { ...env, ...run.environment } });
  const files = (all: typeof inputs.patches) =>
    all.map(({ name, bytes }) => ({ name: basename(name), sha256: sha256(bytes) }));
  const { hooks, patches, pristine = [] } = inputs;
  return cellKey({
    tool: [label.toolVersion, codeDigest() ?? ""],
    source: readSourceTree(inputs.source).digest,
    xenSyms: sha256(inputs.xenSyms.bytes),
    config: sha256(inputs.config.text),
    compiler: [compiler, asked.stdout],
    patches: files(patches),
    pristine: files(pristine),
    hooks: hooks.map((path) => ({ name: basename(path), sha256: sha256(readFileSync(path)) })),
    options: {
      mode: [stacking.mode],
      guard: [stacking.guard ?? ""],
      fuzz: [String(patches[0]?.fuzz ?? 0)],
      init: allowed.init,
      unsafe: allowed.unsafe,
      layouts: allowed.layouts,
      freshData: allowed.freshData,
      title: [label.title ?? ""],
      metadata: label.metadata.flat(),
      carried: [label.patches],
    },
    file: places.payload,
  });
}

function put(folder: string, path: string, bytes: Uint8Array): CellFile {
  const place = join(folder, path);
  mkdirSync(dirname(place), { recursive: true });
  writeWhole(place, bytes);
  return { path, sha256: sha256(bytes) };
}

export function digestAt(folder: string, path: string): string | undefined {
  const place = join(folder, path);
  return existsSync(place) ? sha256(readFileSync(place)) : undefined;
}

function readCell(folder: string, path: string): Cell | undefined {
  const place = join(folder, path);
  return existsSync(place) ? decodeCell(readFileSync(place, "utf8")) : undefined;
}

function removeFile(folder: string, path: string): void {
  rmSync(join(folder, path), { force: true });
}

/** The toolstack follows it: it is there when, and only when, there is a payload. */
function linkTo(folder: string, { link }: CellPlaces, isBuilt: boolean): void {
  if (link === undefined) return;
  const place = join(folder, link.path);
  const there = lstatSync(place, { throwIfNoEntry: false });
  if (isBuilt && there?.isSymbolicLink() && readlinkSync(place) === link.target) return;
  if (there !== undefined) removeDamaged(place);
  if (isBuilt) symlinkSync(link.target, place);
}
