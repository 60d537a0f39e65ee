// Where the files of a base go, below the directory of the results: by build-id, as a depot and XenServer's
// toolstack have it.

import { hostName, livepatchName } from "./xenserver.ts";

export const layouts = ["plain", "xenserver"] as const;
export type Layout = (typeof layouts)[number];

export interface CellPlaces {
  readonly payload: string;
  /** A link to the payload, and what it holds. */
  readonly link: { readonly path: string; readonly target: string } | undefined;
  /** What `depot add --evidence` takes. */
  readonly report: string;
  readonly proof: string;
  readonly cell: string;
  /** What the payload is called on a host. */
  readonly name: string;
}

export interface Naming {
  readonly layout: Layout;
  /** Of the fix. */
  readonly name: string;
  readonly buildId: string;
  /** VERSION-RELEASE of the base, and of what it becomes: for XenServer. */
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** @throws MatrixError matrix/layout */
export function placesOf({ layout, name, buildId, from, to }: Naming): CellPlaces {
  if (layout === "plain") {
    const place = `${buildId}/${name}`;
    return {
      payload: `${place}.livepatch`,
      link: undefined,
      report: `${place}.livepatch.json`,
      proof: `${place}.proof.json`,
      cell: `${place}.cell.json`,
      name,
    };
  }
  const file = livepatchName(from, to);
  const folder = `usr/lib/xen-livepatch/${buildId}`;
  const evidence = `evidence/${buildId}/${file.replace(/\.livepatch$/, "")}`;
  return {
    payload: `${folder}/${file}`,
    link: { path: `${folder}/livepatch.livepatch`, target: file },
    report: `${evidence}.livepatch.json`,
    proof: `${evidence}.proof.json`,
    cell: `${evidence}.cell.json`,
    name: hostName(from, to),
  };
}
