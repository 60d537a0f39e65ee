// The builds of the hypervisor that a depot has payloads for. Each brings its symbols: what is added is
// played on the model that they make.

import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { toHex } from "../../bytes/hex.ts";
import { writeWhole } from "../../files/write-whole.ts";
import { formatRelease } from "../../xen-abi/release.ts";
import { type Hypervisor, openHypervisor } from "../../xen-model/hypervisor.ts";
import { DepotError } from "../errors.ts";
import { changeDraft, depotFolders, type MadeFrom, writeDraft } from "./draft.ts";

export interface NewBase {
  /** xen-syms of the hypervisor. */
  readonly symbols: Uint8Array;
  readonly source: string;
  /** For people: "Debian 12, 4.17.5+72". */
  readonly label: string | undefined;
  /** What it is built from; what was registered before stays where none is given. */
  readonly made?: MadeFrom | undefined;
}

export interface RegisteredBase {
  readonly buildId: string;
  readonly label: string;
  readonly release: string;
}

/** The same base again changes its label, and what it is built from. @throws DepotError depot/bad-request */
export function addBase(depot: string, base: NewBase): Promise<RegisteredBase> {
  const { symbols, source } = base;
  const hypervisor = openHypervisor(symbols, source);
  if (hypervisor.buildId === undefined) {
    throw new DepotError({
      code: "depot/bad-request",
      problem: `Cannot register "${source}": this hypervisor has no build-id`,
      expected: "a hypervisor with a build-id: payloads name it, and hosts are found by it",
    });
  }
  const buildId = toHex(hypervisor.buildId);
  const release = formatRelease(hypervisor.release);
  return changeDraft(depot, (draft) => {
    const label = base.label ?? draft.bases[buildId]?.label ?? `Xen ${release}`;
    const namesake = Object.entries(draft.bases).find(
      ([id, other]) => id !== buildId && other.label === label,
    );
    if (namesake !== undefined) {
      throw new DepotError({
        code: "depot/bad-request",
        problem: `Cannot name a base "${label}": another one has that label`,
        where: namesake[0],
        remedy: "choose another with --label",
      });
    }
    const path = depotFolders(depot).symbolsOf(buildId);
    mkdirSync(dirname(path), { recursive: true });
    writeWhole(path, symbols);
    const made = base.made ?? draft.bases[buildId]?.made;
    const registered = { label, release, made };
    writeDraft(depot, { ...draft, bases: { ...draft.bases, [buildId]: registered } });
    return { buildId, label, release };
  });
}

/** The model of a base starts here. */
export function openBaseModel(depot: string, buildId: string): Hypervisor {
  const path = depotFolders(depot).symbolsOf(buildId);
  return openHypervisor(new Uint8Array(readFileSync(path)), path);
}
