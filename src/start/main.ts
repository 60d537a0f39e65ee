#!/usr/bin/env node
// The bundled command begins here, and loads its files (bootstrap/bundle.mjs) with what V8 made of them when
// the same command ran before: compiling them anew takes longer than most commands do.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
import { keptCodeFile, readKeptCode } from "./kept-code.ts";

/** Put in by the bundler: of all files of the bundle, and the names of all commands. */
declare const XSPLICE_BUNDLE_DIGEST: string;
declare const XSPLICE_COMMANDS: readonly string[];

const COMMAND = "./command.js";
const [before, after] = ["(function (require, module, exports, __filename) {", "\n})"];

const folder = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const file = keptCodeFile(process.argv, XSPLICE_COMMANDS);
const scripts = new Map<string, Script>();
const modules = new Map<string, { exports: unknown }>();
let isNew = false;

// Node's own name for the same wish. And its own loading knows the source maps.
if (process.env["NODE_DISABLE_COMPILE_CACHE"] || process.execArgv.includes("--enable-source-maps"))
  require(COMMAND);
else start();

function start(): void {
  const kept = readKeptCode(file, XSPLICE_BUNDLE_DIGEST);
  load(COMMAND);

  function load(name: string): unknown {
    if (!name.startsWith("./")) return require(name);
    const known = modules.get(name);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    modules.set(name, module);
    const filename = join(folder, name);
    const cachedData = kept?.get(name);
    const script = new Script(before + readFileSync(filename, "utf8") + after, {
      filename,
      columnOffset: -before.length,
      ...(cachedData && { cachedData }),
    });
    isNew ||= cachedData === undefined || script.cachedDataRejected === true;
    scripts.set(name, script);
    script.runInThisContext()(load, module, module.exports, filename);
    return module.exports;
  }
}

process.once("exit", (exitCode) => {
  // One that failed has not loaded all that it needs, and may be in a hurry.
  if (!isNew || exitCode !== 0) return;
  const { keepCode } = require("./keep-code.js") as typeof import("./keep-code.ts");
  keepCode(file, XSPLICE_BUNDLE_DIGEST, scripts);
});
