// A set of releases as text: "4.14 to 4.16, 4.17.0 to 4.17.2, 4.18.0".

import type { Architecture } from "../isa/architecture.ts";
import { type Release, type ReleaseLine, releaseLines } from "../xen-abi/release.ts";

/** More point releases than any Xen release has had. */
const POINTS_MAX = 20;

/** The empty set. */
export const NO_RELEASES = "none";

export function describeReleases(
  isMeant: (release: Release) => boolean,
  architecture: Architecture,
): string {
  const lines = releaseLines.filter(({ loaders }) => loaders.includes(architecture));
  const parts: string[] = [];
  for (let index = 0; index < lines.length; ) {
    const line = lines[index];
    if (line === undefined) break;
    if (!isWhole(line, isMeant)) {
      parts.push(...partsOf(line, isMeant));
      index++;
      continue;
    }
    let end = index;
    while (lines[end + 1] !== undefined && isWhole(lines[end + 1] ?? line, isMeant)) end++;
    parts.push(spanOf(lines, index, end));
    index = end + 1;
  }
  return parts.length === 0 ? NO_RELEASES : parts.join(", ");
}

function pointsOf({ major, minor }: ReleaseLine): readonly Release[] {
  return Array.from({ length: POINTS_MAX }, (_, point) => ({ major, minor, point }));
}

function isWhole(line: ReleaseLine, isMeant: (release: Release) => boolean): boolean {
  return pointsOf(line).every(isMeant);
}

function spanOf(lines: readonly ReleaseLine[], first: number, last: number): string {
  const name = (index: number) => `4.${lines[index]?.minor}`;
  if (first === 0 && last === lines.length - 1) return "every release";
  if (last === lines.length - 1) return `${name(first)} and later`;
  return first === last ? name(first) : `${name(first)} to ${name(last)}`;
}

/** Runs of point releases. */
function partsOf(line: ReleaseLine, isMeant: (release: Release) => boolean): readonly string[] {
  const parts: string[] = [];
  const meant = pointsOf(line).map(isMeant);
  const name = (point: number) => `4.${line.minor}.${point}`;
  for (let point = 0; point < POINTS_MAX; point++) {
    if (!meant[point]) continue;
    const start = point;
    while (meant[point + 1]) point++;
    if (point === POINTS_MAX - 1) parts.push(`4.${line.minor} from ${name(start)} on`);
    else parts.push(start === point ? name(start) : `${name(start)} to ${name(point)}`);
  }
  return parts;
}
