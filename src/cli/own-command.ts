// Where the command itself lies. Beside this file, also when many are put into one (bootstrap/bundle.mjs).

import { fileURLToPath } from "node:url";

/** For node, to start the command anew. */
export const ownCommand = fileURLToPath(new URL("main.js", import.meta.url));
