// A matrix as a table: a line for each base, and below it why there is no payload.

import type { MatrixRow } from "../matrix/run-cells.ts";

interface RowWords {
  readonly base: string;
  readonly result: string;
  readonly proof: string;
  readonly time: string;
  readonly more: readonly string[];
}

export function renderMatrix(rows: readonly MatrixRow[], isProved: boolean): string {
  const words = rows.map(wordsOf);
  const head: RowWords = {
    base: "base",
    result: "result",
    proof: "proof",
    time: "time",
    more: [],
  };
  const all = [head, ...words];
  const width = (key: "base" | "result" | "proof") =>
    Math.max(...all.map((row) => row[key].length));
  const widths = { base: width("base"), result: width("result"), proof: width("proof") };
  const line = ({ base, result, proof, time }: RowWords): string =>
    [
      base.padEnd(widths.base),
      result.padEnd(widths.result),
      ...(isProved ? [proof.padEnd(widths.proof)] : []),
      time,
    ].join("  ");
  const lines = all.flatMap((row) => [line(row), ...row.more.map((text) => `  ${text}`)]);
  return `${lines.join("\n")}\n`;
}

/** One base, on one line. */
export function rowLine(row: MatrixRow): string {
  const { result, proof, time } = wordsOf(row);
  return [result, ...(proof === "" ? [] : [`proof: ${proof}`]), time].join(", ");
}

function wordsOf({ base, made, failure, proofFailure, seconds }: MatrixRow): RowWords {
  const time = `${seconds.toFixed(1)} s`;
  if (made === undefined) {
    const { problem = "", where, expected, remedy } = failure ?? {};
    const more = [
      problem,
      where,
      expected && `expected: ${expected}`,
      remedy && `remedy: ${remedy}`,
    ];
    const lines = more.flatMap((text) => (text === undefined ? [] : text.split("\n")));
    return { base: base.label, result: "failed", proof: "", time, more: lines };
  }
  const { cell, isNew } = made;
  const { outcome, functions, reasons, proof } = cell;
  const count = `${functions} function${functions === 1 ? "" : "s"}`;
  const results = {
    built: `built: ${count}`,
    refused: `refused: ${reasons.length} reason${reasons.length === 1 ? "" : "s"}`,
    "no-change": "no change",
  };
  const result = isNew ? results[outcome] : `${results[outcome]} (kept)`;
  const failed = proofFailure === undefined ? [] : [proofFailure.problem];
  const because = proof?.because === undefined ? [] : [proof.because];
  return {
    base: base.label,
    result,
    proof: proofFailure === undefined ? (proof?.verdict ?? "") : "failed",
    time,
    more: [...reasons, ...failed, ...because],
  };
}
