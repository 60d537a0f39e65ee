// Which bases: those of a list, or those that a depot has registered.

import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { decodeBases, type MatrixBase } from "../../matrix/bases-file.ts";
import { readInputFile } from "../read-input-file.ts";

const LIST_SIZE_MAX = 4 * 1024 * 1024;

/** @throws MatrixError, DepotError, InputFileError */
export async function readBases(place: string): Promise<readonly MatrixBase[]> {
  const { depotFolders, readDraft } = await import("../../depot/draft/draft.ts");
  const { state, symbolsOf } = depotFolders(place);
  if (!existsSync(state)) {
    const limit = { sizeMax: LIST_SIZE_MAX, reason: "far more than a list of bases has" };
    const text = Buffer.from(await readInputFile(place, limit)).toString();
    return decodeBases(text, place, dirname(place));
  }
  const { bases } = readDraft(place);
  return Object.entries(bases).map(([buildId, { label, made }]) => ({
    label,
    buildId,
    word: made?.base,
    source: made?.source,
    // A word brings its own.
    xenSyms: made?.base === undefined ? symbolsOf(buildId) : undefined,
    config: made?.config,
    image: undefined,
    compiler: made?.compiler,
    series: made?.series,
    pristine: [],
    version: made?.version,
  }));
}
