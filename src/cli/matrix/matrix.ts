import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../../files/write-whole.ts";
import type { MatrixBase } from "../../matrix/bases-file.ts";
import { layouts } from "../../matrix/places.ts";
import { providesLine } from "../../matrix/xenserver.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { OptionSpec } from "../option-spec.ts";
import { buildOptionSpecs } from "../options/build.ts";
import type { CommandCall, TopCommand } from "../spec.ts";
import { renderMatrix, rowLine } from "../text/matrix.ts";
import { UsageError } from "../usage-error.ts";
import { readBases } from "./read-bases.ts";
import { type MatrixRow, runCells } from "./run-cells.ts";
import { type MatrixWish, readWish } from "./wish.ts";

/** Those of `build` that say what is made, whatever the base. */
const taken: ReadonlySet<string> = new Set([
  ...["series", "pristine", "fuzz", "mode", "guard", "leave-out-patches", "hooks", "name"],
  ...["metadata", "allow-init", "allow-unsafe", "allow-layout", "allow-fresh-data"],
  ...["jobs", "sandbox"],
]);

export const matrixCommand: TopCommand = {
  name: "matrix",
  description: [
    "Builds a fix, or a series of fixes, for each base of a list, or for each base that a depot has registered. A base that fails, or whose part of the fix cannot be live patched, does not stop the others: one table says what became of each.",
    "Results lie below the directory of --output, by build-id: the payload, the build report, with --prove the proof, and what all of it was made from. Running it again builds only what is missing, and what was made of another source, configuration, compiler, patch, option or xSplice. What was finished when somebody stopped it stays.",
    "The list is JSON, with paths relative to its directory: a base has the word that --base takes, or source, xen-syms and config; besides it may have a label, a compiler, a series of its own, and patches of both sides.",
    "With --layout xenserver, payloads lie where the toolstack of XenServer and XCP-ng looks for them, and are cumulative unless --mode says otherwise.",
  ],
  arguments: [],
  options: [
    {
      name: "bases",
      value: "BASES",
      description: "a list of bases, or a depot with registered bases",
      required: "always",
      completes: "file",
    },
    {
      name: "patch",
      value: "FILE",
      description: "a source patch; bases that have a series of their own do not take it",
      repeatable: "yes",
      completes: "file",
    },
    ...buildOptionSpecs.filter(({ name }) => taken.has(name)),
    {
      name: "payload-name",
      value: "NAME",
      description: "what the files are called",
      default: "after the last patch",
    },
    {
      name: "prove",
      value: "TRIGGER",
      description: "attack each base in a lab, without and with its payload, as prove does",
      completes: "file",
    },
    {
      name: "repeat",
      value: "TIMES",
      description: "how often each run of a proof is made",
      range: { min: 1, max: 100 },
      default: "1",
      needs: [{ option: "prove" }],
    },
    {
      name: "layout",
      value: "LAYOUT",
      description: "where payloads lie, and what they are called",
      choices: layouts,
      default: "plain",
    },
    {
      name: "to",
      value: "VERSION",
      description: "what hosts become by the fix: VERSION-RELEASE of the package that has it",
      needs: [{ option: "layout", value: "xenserver" }],
    } satisfies OptionSpec,
    {
      name: "output",
      letter: "o",
      value: "DIR",
      description: "the directory of the results",
      default: "matrix",
      completes: "file",
    },
  ],
  examples: [
    {
      command: "xsplice matrix --patch xsa999.patch --bases bases.json -o xsa999",
      explains: "one fix, for all bases of a list",
    },
    {
      command: "xsplice matrix --patch xsa504.patch --bases depot --prove XSA-504",
      explains: "for all bases of a depot, each proved in a lab",
    },
    {
      command:
        "xsplice matrix --series series --bases bases.json --layout xenserver --to 4.17.4-6.xs8 -o root",
      explains: "for a package of XenServer's or XCP-ng's",
    },
  ],
  kind: "own",
  run: runMatrix,
};

async function runMatrix(call: CommandCall): Promise<number> {
  const { options, io, globals } = call;
  const [wish, bases] = await Promise.all([
    readWish(call),
    readBases(options.requiredText("bases")),
  ]);
  requireFixes(wish, bases);
  requireVersions(wish, bases);
  mkdirSync(wish.folder, { recursive: true });
  const say = ({ label }: MatrixBase, text: string): void => {
    if (globals.output === "text") io.stderr.write(`${label}: ${text}\n`);
  };
  let done = 0;
  const rows = await runCells({
    bases,
    wish,
    call,
    onProgress: say,
    onRow: (row) => say(row.base, `${rowLine(row)} (${++done} of ${bases.length})`),
  });
  writeProvides(wish, rows);
  emit(call, "matrix", documentOf(wish, rows), () =>
    renderMatrix(rows, wish.trigger !== undefined),
  );
  return rows.every(isWell) ? ExitCode.success : ExitCode.incomplete;
}

function isWell({ made, failure, proofFailure }: MatrixRow): boolean {
  if (failure !== undefined || proofFailure !== undefined) return false;
  const proof = made?.cell.proof;
  return made?.cell.outcome !== "refused" && (proof === undefined || proof.verdict === "closed");
}

function documentOf({ folder, layout }: MatrixWish, rows: readonly MatrixRow[]) {
  return {
    folder,
    layout,
    bases: rows.map(({ base, made, failure, proofFailure, seconds }) => {
      const failed = { key: "", label: base.label, outcome: "failed" as const };
      // Where it was read back, it has the format of its file.
      const { key: _, format: __, ...cell } = { format: 0, ...(made?.cell ?? failed) };
      return {
        ...cell,
        ...(made && { kept: !made.isNew }),
        name: made?.places.name,
        failure,
        proofFailure,
        buildSeconds: made?.cell.seconds,
        seconds,
      };
    }),
  };
}

function requireFixes({ patches }: MatrixWish, bases: readonly MatrixBase[]): void {
  const bare = bases.find(({ series }) => series === undefined);
  if (patches.length > 0 || bare === undefined) return;
  throw new UsageError({
    code: "usage/bad-arguments",
    problem: `Cannot build for "${bare.label}": there is no patch for it`,
    expected: "--patch or --series, or a series of each base's own",
  });
}

/** All names, before the first build. @throws MatrixError matrix/layout */
function requireVersions({ layout, to }: MatrixWish, bases: readonly MatrixBase[]): void {
  if (layout !== "xenserver") return;
  for (const { version } of bases) providesLine(version, to, "");
}

/** For the package's description: how the toolstack learns which base can go where. */
function writeProvides({ layout, to, folder }: MatrixWish, rows: readonly MatrixRow[]): void {
  if (layout !== "xenserver") return;
  const lines = rows.flatMap(({ base, made }) =>
    made?.cell.payload === undefined ? [] : providesLine(base.version, to, made.cell.buildId),
  );
  writeWhole(join(folder, "provides"), lines.map((line) => `${line}\n`).join(""));
}
