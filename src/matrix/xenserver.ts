// Names that the toolstack of XenServer and XCP-ng knows. For a host of build-id ID it looks at the link
// /usr/lib/xen-livepatch/ID/livepatch.livepatch, and takes the file only if it is called after what runs
// and what it becomes, by the versions of the packages. It uploads it under a name of that kind, too, and applies it by
// REPLACE; which versions a host can go to comes from lines of the package. docs/guides/depot.md says
// where this is known from.

import { MatrixError } from "./errors.ts";

/** The script that makes XenServer's own cuts longer names off, and the toolstack then finds no file. */
const NAME_MAX = 128;

/** `lp_4_17_4__5_xs8__4_17_4__6_xs8.livepatch` @throws MatrixError matrix/layout */
export function livepatchName(from: string | undefined, to: string | undefined): string {
  const parts = [...partsOf(from, "base"), ...partsOf(to, "target")];
  const name = `lp_${parts.map((part) => part.replaceAll(".", "_")).join("__")}`;
  if (name.length <= NAME_MAX) return `${name}.livepatch`;
  throw new MatrixError({
    code: "matrix/layout",
    problem: `Cannot name a payload "${name}": the toolstack's names have ${NAME_MAX} characters at most`,
    remedy: "shorten the versions",
  });
}

/** On a host: `lp_4.17.4-5.xs8-4.17.4-6.xs8` @throws MatrixError matrix/layout */
export function hostName(from: string | undefined, to: string | undefined): string {
  const parts = [...partsOf(from, "base"), ...partsOf(to, "target")];
  return `lp_${parts.join("-")}`;
}

/** For the package: which base goes to which version. @throws MatrixError matrix/layout */
export function providesLine(
  from: string | undefined,
  to: string | undefined,
  buildId: string,
): string {
  const [base, target] = [partsOf(from, "base"), partsOf(to, "target")].map((one) => one.join("-"));
  return `Provides: livepatch(component/xen/base/${base}/to/${target}/base-buildid/${buildId})`;
}

/** A version of a package, and its release. */
function partsOf(
  text: string | undefined,
  whose: "base" | "target",
): readonly [version: string, release: string] {
  const [, version, release] = /^([A-Za-z0-9._]+)-([A-Za-z0-9._]+)$/.exec(text ?? "") ?? [];
  if (version !== undefined && release !== undefined) return [version, release];
  throw new MatrixError({
    code: "matrix/layout",
    problem:
      text === undefined
        ? `Cannot name payloads for the toolstack: the version of the ${whose} is not known`
        : `Cannot name payloads for the toolstack: "${text}" is no version of a package`,
    expected: "VERSION-RELEASE, such as 4.17.4-5.xs8, of letters, digits, dots and underscores",
    remedy:
      whose === "base"
        ? 'give each base its "version" in the list of bases'
        : "give what the hosts become by --to",
  });
}
