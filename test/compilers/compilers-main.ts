// `npm run test:compilers [-- COMPILER…]`: the tests of the comparison, whose small C files are compiled by each
// of the compilers of Debian's releases, fetched where this machine does not have them. The last line is
// JSON: {"compilers","tests","passed","skipped","failed"}.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openCompiler } from "../../src/parts/compiler-program.ts";
import { compilerIds } from "../../src/parts/definitions/compiler-parts.ts";
import { runProcess } from "../../src/parts/run-process.ts";

const built = fileURLToPath(new URL("../..", import.meta.url));
/** Whose tests take their objects from src/diff/diff.test.support.ts. */
const folders = ["src/diff", "src/compare"];

interface Counts {
  readonly passed: number;
  readonly skipped: number;
  readonly failed: number;
}

async function testWith(id: string): Promise<Counts> {
  const compiler = await openCompiler(id, {
    onProgress: ({ kind, text }) => kind === "note" && say(text),
  });
  const files = folders.flatMap((folder) => {
    const names = readdirSync(join(built, folder), { recursive: true, encoding: "utf8" });
    return names.filter((name) => name.endsWith(".test.js")).map((name) => join(folder, name));
  });
  const argv = [
    process.execPath,
    "--enable-source-maps",
    "--test",
    "--test-reporter=tap",
    ...files,
  ];
  const env = { ...process.env, XSPLICE_TEST_CC: compiler };
  const { stdout } = await runProcess(argv, { cwd: built, env });
  const count = (what: string): number => {
    return Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(stdout)?.[1] ?? Number.NaN);
  };
  const failed = stdout.matchAll(/^ *not ok \d+ - (.*)$/gm);
  for (const [, name = ""] of failed) if (!name.endsWith(".test.js")) say(`  not ok: ${name}`);
  return { passed: count("pass"), skipped: count("skipped"), failed: count("fail") };
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((id) => !compilerIds.includes(id));
if (unknown.length > 0) {
  say(`Cannot test with ${unknown.join(", ")}: known are ${compilerIds.join(", ")}`);
  process.exit(64);
}
const total = { compilers: 0, tests: 0, passed: 0, skipped: 0, failed: 0 };
for (const id of wanted.length > 0 ? wanted : compilerIds) {
  const { passed, skipped, failed } = await testWith(id);
  say(`${id}: ${passed} passed, ${skipped} skipped, ${failed} failed`);
  total.compilers++;
  total.tests += passed + skipped + failed;
  total.passed += passed;
  total.skipped += skipped;
  total.failed += failed;
}
process.stdout.write(`${JSON.stringify(total)}\n`);
process.exitCode = total.failed === 0 ? 0 : 1;
