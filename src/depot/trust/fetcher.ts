// How tuf-js reads a depot: through a source, into memory, never more bytes than it asks for.

import type { Fetcher } from "tuf-js";
import { DownloadHTTPError } from "tuf-js/dist/error.js";
import { invariant } from "../../invariant.ts";
import { DepotError } from "../errors.ts";
import type { DepotSource } from "../read/source-form.ts";

/** By this it knows that there is no newer root. */
const NOT_FOUND = 404;

/** Base URL of both kinds of files, for tuf-js to put names behind. */
export const METADATA_URL = "depot:/metadata";

export interface SourceFetcher extends Fetcher {
  /** Why the last read failed: tuf-js keeps only the text of some errors. */
  readonly trouble: () => DepotError | undefined;
}

/** @param onRead told of each file before it is read */
export function fetcherOf(source: DepotSource, onRead: (path: string) => void): SourceFetcher {
  let trouble: DepotError | undefined;
  return {
    trouble: () => trouble,
    downloadBytes: async (url, maxLength) => {
      const path = decodeURIComponent(url.replace(/^depot:\/+/, ""));
      onRead(path);
      const bytes = await source.read(path, maxLength).catch((error: unknown) => {
        if (error instanceof DepotError) trouble = error;
        throw error;
      });
      if (bytes === undefined) throw new DownloadHTTPError("there is no such file", NOT_FOUND);
      return Buffer.from(bytes);
    },
    downloadFile: () => {
      invariant(false, "targets are read into memory, and judged there");
    },
  };
}
