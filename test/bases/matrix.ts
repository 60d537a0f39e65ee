// The rows of the matrix: which hypervisors are tried, and what of each can be had.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Base } from "../../src/bases/base.ts";
import { BaseError } from "../../src/bases/errors.ts";
import { openBase } from "../../src/bases/open-base.ts";
import { debianReleases } from "../../src/parts/xen-parts.ts";
import { listXenVersions } from "../../src/parts/xen-versions.ts";
import { readSourceVersion } from "../../src/xen-make/source-tree.ts";
import type { BasesOptions, OwnSource } from "./options.ts";
import { type MakeRun, openOwnHypervisor } from "./own-hypervisor.ts";

/** One row, before anything of it is fetched or built. */
export interface Row {
  readonly name: string;
  /** @param compiler that was asked for, as a program */
  readonly open: (run: MakeRun, compiler: string | undefined) => Promise<OpenedRow>;
}

interface OpenedRow {
  readonly word: string;
  readonly base: Base;
  /** Why there is nothing to build from; undefined where there is. */
  readonly noSource: string | undefined;
  /** Of the payloads; undefined for the usual gcc. */
  readonly compiler: string | undefined;
}

export async function rowsFor(options: BasesOptions, run: MakeRun): Promise<readonly Row[]> {
  const { own, words, debug } = options;
  if (own !== undefined) return [ownRow(options, own)];
  const named = words.map((word) => wordRow(options.name ?? word, word));
  const rows = named.length > 0 ? named : await debianRows(run.signal);
  return rows.flatMap((row) => (debug ? [row, debugRow(row)] : [row]));
}

/** All versions that the mirror has. */
async function debianRows(signal: AbortSignal): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const release of debianReleases) {
    for (const version of await listXenVersions(release, { signal })) {
      rows.push(wordRow(`Debian ${release.number}'s ${version}`, `debian:${version}`));
    }
  }
  return rows;
}

function wordRow(name: string, word: string): Row {
  return {
    name,
    open: async ({ signal }, compiler) => {
      const opened = (base: Base, noSource: string | undefined): OpenedRow => {
        return { word, base, noSource, compiler: compiler ?? base.compiler };
      };
      try {
        return opened(await openBase(word, { compiler, signal }), undefined);
      } catch (error) {
        if (!(error instanceof BaseError) || error.report.code !== "base/incomplete") throw error;
        return opened(await openBase(word, { need: "lab", signal }), error.report.problem);
      }
    },
  };
}

/** The same source and configuration, with Xen's own checks of itself compiled in. */
function debugRow(row: Row): Row {
  const name = `${row.name}, built with debug=y`;
  return {
    name,
    open: async (run, wanted) => {
      const opened = await row.open(run, wanted);
      const { compiler } = opened;
      const { source, config } = opened.base;
      if (source === undefined || config === undefined) return opened;
      const settings = ["CONFIG_DEBUG=y"];
      const wish = { title: name, source, config: config.text, settings, compiler, make: [] };
      return await openBuilt(await openOwnHypervisor(wish, run), compiler, run.signal);
    },
  };
}

function ownRow(options: BasesOptions, { source, config }: OwnSource): Row {
  const { settings, make, compiler } = options;
  const { major, minor, point } = readSourceVersion(source);
  const said = [...settings, ...(compiler === undefined ? [] : [compiler])];
  const built = said.length === 0 ? "built" : `built with ${said.join(", ")}`;
  const name = `${options.name ?? `Xen ${major}.${minor}.${point ?? "unstable"}`}, ${built}`;
  return {
    name,
    open: async (run, cc) => {
      const text = readFileSync(config, "utf8");
      const place = resolve(source);
      const wish = { title: name, source: place, config: text, settings, make, compiler: cc };
      return await openBuilt(await openOwnHypervisor(wish, run), cc, run.signal);
    },
  };
}

async function openBuilt(
  folder: string,
  compiler: string | undefined,
  signal: AbortSignal,
): Promise<OpenedRow> {
  const base = await openBase(folder, { compiler, signal });
  return { word: folder, base, noSource: undefined, compiler };
}
