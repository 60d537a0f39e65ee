// A base of a matrix, opened: its parts are compared as those of --base are.

import { agreedBase } from "../../bases/agree.ts";
import { type Base, baseParts } from "../../bases/base.ts";
import { openBase } from "../../bases/open-base.ts";
import type { MatrixBase } from "../../matrix/bases-file.ts";
import { MatrixError } from "../../matrix/errors.ts";
import type { CommandIo } from "../io.ts";

/** What a build takes, and for a proof the image. */
export interface OpenedBase extends Base {
  readonly source: string;
  readonly config: NonNullable<Base["config"]>;
}

/** @throws BaseError, PartsError, BuilderError, MatrixError; the reason of the signal */
export async function openMatrixBase(
  base: MatrixBase,
  io: CommandIo,
  onNote: (text: string) => void,
): Promise<OpenedBase> {
  const opened = await openParts(base, io, onNote);
  const { source, config, buildId } = opened;
  if (source === undefined || config === undefined) {
    throw new MatrixError({
      code: "matrix/bad-bases",
      problem: `Cannot build for "${base.label}": it is registered without a source`,
      remedy:
        "register it once more with depot base, with --base, or with --source and --config; or give a list of bases",
    });
  }
  if (base.buildId !== undefined && base.buildId !== buildId) {
    throw new MatrixError({
      code: "matrix/bad-bases",
      problem: `Cannot build for "${base.label}": what its description leads to is another build now`,
      where: `build-id ${buildId}`,
      expected: base.buildId,
      remedy: "register the new build under a label of its own",
    });
  }
  return { ...opened, source, config };
}

async function openParts(
  base: MatrixBase,
  { env, signal }: CommandIo,
  onNote: (text: string) => void,
): Promise<Base> {
  const { word, label, source, xenSyms, config, image, compiler } = base;
  if (word !== undefined) {
    const opened = await openBase(word, {
      need: "build",
      source,
      compiler,
      environment: env,
      signal,
      onProgress: (progress) => {
        if (progress.kind === "note") onNote(progress.text);
      },
    });
    return { ...opened, compiler: compiler ?? opened.compiler };
  }
  const parts = { title: label, xenSyms: xenSyms ?? "", source, config, image, compiler };
  return agreedBase(baseParts(parts), "build");
}
