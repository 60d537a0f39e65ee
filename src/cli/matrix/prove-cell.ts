// The proof of a base's payload: made once for the same bytes and the same trigger.

import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { sha256 } from "../../bytes/sha256.ts";
import { writeWhole } from "../../files/write-whole.ts";
import { isProved, proofKey } from "../../matrix/cell.ts";
import { parsePayload } from "../../payload/parse.ts";
import type { Trigger } from "../../prove/trigger.ts";
import { toDocument } from "../emit.ts";
import { labOfBase } from "../options/lab.ts";
import { readInputFile } from "../read-input-file.ts";
import type { CommandCall } from "../spec.ts";
import { packageVersion } from "../version.ts";
import { digestAt, type MadeCell, saveCell } from "./make-cell.ts";
import type { OpenedBase } from "./open-base.ts";
import type { MatrixWish } from "./wish.ts";

/** @returns the cell with its proof. @throws ProveError, LabError, HostError, GuestError */
export async function proveCell(
  made: MadeCell,
  opened: OpenedBase,
  trigger: Trigger,
  { wish, call }: { readonly wish: MatrixWish; readonly call: CommandCall },
): Promise<MadeCell> {
  const { cell, places } = made;
  const { folder, repeat } = wish;
  if (cell.payload === undefined) return made;
  const key = proofKey(cell.payload.sha256, trigger.sha256, repeat);
  if (isProved({ format: 1, ...cell }, key, (path) => digestAt(folder, path))) return made;
  const { io, globals } = call;
  const path = join(folder, cell.payload.path);
  const { PAYLOAD_SIZE_MAX } = await import("../../xen-abi/limits.ts");
  const bytes = await readInputFile(path, {
    sizeMax: PAYLOAD_SIZE_MAX,
    reason: "a payload's limit",
  });
  const payloads = [{ name: places.name, path, bytes, payload: parsePayload(bytes, path) }];
  const [{ prove }, { proofDocument }] = await Promise.all([
    import("../../prove/prove.ts"),
    import("../../prove/proof-file.ts"),
  ]);
  const proof = await prove({
    trigger,
    payloads,
    lab: await labOfBase(opened, io),
    repeat,
    compiler: io.env["CC"] || undefined,
    deadlineMs: globals.deadlineMs,
    signal: io.signal,
  });
  const tool = `xsplice ${packageVersion()}`;
  const document = toDocument("prove", proofDocument(proof, { trigger, payloads, tool }));
  const place = join(folder, places.proof);
  mkdirSync(dirname(place), { recursive: true });
  writeWhole(place, document);
  const { verdict, seconds } = proof;
  const because = verdict.kind === "closed" ? undefined : verdict.because;
  const file = { path: places.proof, sha256: sha256(document) };
  const proved = { ...cell, proof: { key, verdict: verdict.kind, because, file, seconds } };
  saveCell(folder, places, proved);
  return { ...made, cell: proved };
}
