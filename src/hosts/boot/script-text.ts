// The scripts of share/boot/, put together as they are run: one is installed on a dom0, the other is sent
// there with each call, so that it is always of this release.

import { readFileSync } from "node:fs";
import { shareFile } from "../../lab/share-file.ts";

/** Where the installed script lies: stated in the units as well. */
export const BOOT_SCRIPT = "/var/lib/xsplice/boot/xsplice-boot.sh";

/** In the order in which manage.sh reads them. */
const UNITS = ["xsplice-boot.service", "xsplice-settle.service", "xsplice-settle.timer"];

/** Runs at boot, without xSplice. */
export function bootScript(): string {
  return read("store.sh") + read("start.sh");
}

export function manageScript(): string {
  return read("store.sh") + read("manage.sh");
}

/** The script, then each unit after a line of ten digits with its size. */
export function installation(): { readonly input: Uint8Array; readonly scriptSize: number } {
  const script = Buffer.from(bootScript());
  const units = UNITS.map((name) => Buffer.from(read(name))).flatMap((unit) => [
    Buffer.from(`${String(unit.length).padStart(10, "0")}\n`),
    unit,
  ]);
  return { input: Buffer.concat([script, ...units]), scriptSize: script.length };
}

function read(name: string): string {
  return readFileSync(shareFile(`boot/${name}`), "utf8");
}
