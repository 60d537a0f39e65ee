// What `npm run test:depot` counts: each test adds its part, in a file that bootstrap/depot.mjs names.

import { appendFileSync } from "node:fs";

interface Part {
  readonly attacks?: number;
  readonly refused?: number;
  readonly rebootsSurvived?: number;
  readonly basesBuilt?: number;
}

export function tally(part: Part): void {
  const path = process.env["XSPLICE_DEPOT_TALLY"];
  if (path !== undefined) appendFileSync(path, `${JSON.stringify(part)}\n`);
}
