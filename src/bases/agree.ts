// Whether the parts of a base are of one build: the build-ids of the image, of the symbols and of the
// host that runs; the release of symbols and source; the configuration that the hypervisor was built
// with, where it contains it.

import { readFileSync } from "node:fs";
import { toHex } from "../bytes/hex.ts";
import { findBuildIdIn } from "../elf/notes.ts";
import { inflate } from "../elf/open.ts";
import { contradictions, findConfig } from "../running/hypervisor-config.ts";
import { readXenSyms, type XenSyms } from "../running/xen-syms.ts";
import { formatRelease } from "../xen-abi/release.ts";
import { readSourceVersion } from "../xen-make/source-tree.ts";
import type { Base, BaseNeed, BaseParts } from "./base.ts";
import { BaseError } from "./errors.ts";

/** Hex. @throws ElfError, BuilderError builder/bad-xen-syms */
export function buildIdOfSymbols(path: string): string {
  return toHex(readXenSyms(readFileSync(path), path).buildId);
}

/** @throws BaseError base/differs, base/incomplete; ElfError, BuilderError, BuildError */
export function agreedBase(parts: BaseParts, need: BaseNeed): Base {
  const { xenSyms, image, source, buildId: expected } = parts;
  const xen = readXenSyms(readFileSync(xenSyms), xenSyms);
  const buildId = toHex(xen.buildId);
  if (expected !== undefined && expected.hex !== buildId) {
    throw differs(`its symbols are of another build than ${expected.of}`, {
      where: `${xenSyms}: build-id ${buildId}`,
      expected: expected.hex,
    });
  }
  if (image !== undefined) requireSameBuild(image, { xenSyms, buildId });
  if (need !== "build" || source === undefined) return { ...parts, buildId, config: undefined };
  requireSameRelease(source, xen);
  return { ...parts, buildId, config: configOf(parts, xen) };
}

function requireSameBuild(image: string, symbols: { xenSyms: string; buildId: string }): void {
  const found = findBuildIdIn(inflate(readFileSync(image), image));
  if (found !== undefined && toHex(found) === symbols.buildId) return;
  const state = found === undefined ? "no build-id" : `build-id ${toHex(found)}`;
  throw differs("its image and its symbols are not of one build", {
    where: `${image}: ${state}`,
    expected: `${symbols.buildId}, which ${symbols.xenSyms} has`,
  });
}

function requireSameRelease(source: string, xen: XenSyms): void {
  const { release } = xen;
  const version = readSourceVersion(source);
  if (release === undefined) return;
  const isSame =
    version.major === release.major &&
    version.minor === release.minor &&
    (version.point === undefined || version.point === release.point);
  if (isSame) return;
  const { major, minor, point } = version;
  throw differs("its source and its symbols are of two releases", {
    where: `${source}: Xen ${formatRelease({ major, minor, point: point ?? 0 })}`,
    expected: `Xen ${formatRelease(release)}, which ${xen.source} was built from`,
  });
}

function configOf({ config, title }: BaseParts, xen: XenSyms): Base["config"] {
  const own = findConfig(xen);
  if (config === undefined) {
    if (own !== undefined) return { name: `the configuration in ${xen.source}`, text: own };
    throw new BaseError({
      code: "base/incomplete",
      problem: `Cannot build for ${title}: it has no configuration, and neither has the hypervisor itself`,
      where: xen.source,
      expected: "the .config that the hypervisor was built with",
      remedy:
        'name it in base.json as "config", or give all three by --source, --xen-syms, --config',
    });
  }
  const text = readFileSync(config, "utf8");
  const [first] = own === undefined ? [] : contradictions(own, text);
  if (first === undefined) return { name: config, text };
  throw differs("its configuration is not the one that its hypervisor was built with", {
    where: `${config}: ${first.name} is ${first.given}`,
    expected: `${first.used}, as in ${xen.source}`,
  });
}

function differs(what: string, facts: { readonly where: string; readonly expected: string }) {
  return new BaseError({
    code: "base/differs",
    problem: `Cannot use this base: ${what}`,
    ...facts,
    remedy: "take all parts from one build of the hypervisor",
  });
}
