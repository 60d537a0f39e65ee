// The version of the package, from the one place where it stands.

import { readFileSync } from "node:fs";

// Three levels up: this file runs as dist/src/cli/version.js.
const manifest = new URL("../../../package.json", import.meta.url);

export function packageVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(manifest, "utf8"));
  const known = typeof parsed === "object" && parsed !== null && "version" in parsed;
  return known ? String(parsed.version) : "unknown";
}
