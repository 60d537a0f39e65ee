// Where a depot is read from: a path, a web server, or another machine over ssh. All that is read here is
// believed only after The Update Framework has judged it, so a source promises nothing but an end.

import { DepotError } from "../errors.ts";
import { fileSource } from "./file.ts";
import { httpSource } from "./http.ts";
import type { DepotSource, SourceOptions } from "./source-form.ts";
import { sshSource } from "./ssh.ts";

/** @throws DepotError depot/bad-request */
export function openSource(place: string, options: SourceOptions): DepotSource {
  if (/^https?:/i.test(place)) return httpSource(place, options);
  if (place.startsWith("ssh:")) return sshSource(place, options);
  if (/^[a-z][a-z0-9+.-]+:/i.test(place) && !place.startsWith("file:")) {
    throw new DepotError({
      code: "depot/bad-request",
      problem: `Cannot read a depot from "${place}": no such kind of place is known`,
      expected: "a directory, https://HOST/PATH, or ssh:USER@HOST:PATH",
    });
  }
  return fileSource(place.replace(/^file:(\/\/(?=\/))?/, ""));
}
