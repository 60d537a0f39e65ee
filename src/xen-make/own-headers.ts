// The headers of share/include, for code that is compiled with Xen's own make files. A working copy gets
// them beside Xen's headers, where something asks for them: <xsplice.h>, <xsplice/shadow.h>.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { replaceFile } from "./scratch-tree.ts";

/** Where they lie here. */
export const OWN_HEADERS = fileURLToPath(new URL("../../../share/include", import.meta.url));

/** Whether a text includes one of them. */
export function asksForOwnHeaders(text: string | undefined): boolean {
  return text !== undefined && /^[ \t]*#[ \t]*include[ \t]*[<"]xsplice[./]/m.test(text);
}

/** Into the working copy `tree`; what the source has under these names stays. */
export function writeOwnHeaders(tree: string): void {
  for (const name of namesOfOwnHeaders()) {
    const path = `xen/include/${name}`;
    if (existsSync(join(tree, path))) continue;
    replaceFile(tree, path, readFileSync(join(OWN_HEADERS, name), "latin1"));
  }
}

/** For the keys of what is compiled with them. */
export function textsOfOwnHeaders(): readonly string[] {
  return namesOfOwnHeaders().map((path) => readFileSync(join(OWN_HEADERS, path), "utf8"));
}

function namesOfOwnHeaders(): readonly string[] {
  return readdirSync(OWN_HEADERS, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".h"))
    .sort();
}
