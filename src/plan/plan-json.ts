// A plan as a file: what `xsplice plan --json` prints, and `xsplice sync --plan` takes. It is sealed by
// digests, so that neither a step nor a payload is another one when it is followed.

import * as v from "valibot";
import { sha256 } from "../bytes/sha256.ts";
import { type Described, decodeJson } from "../json/decode-json.ts";
import { PlanError } from "./obstacle.ts";
import { PLAN_VERSION, type Plan, planSchema } from "./plan-form.ts";

export const sealedPlanSchema = v.object({
  ...planSchema.entries,
  /** SHA-256 of each file that a step uploads, in hexadecimal. */
  payloads: v.array(v.object({ source: v.string(), sha256: v.string() })),
  /** SHA-256 over all of the above, as JSON without spaces, in hexadecimal. */
  digest: v.string(),
});
export type SealedPlan = Described<typeof sealedPlanSchema>;

export interface PlanFile {
  /** As the plan's steps name it. */
  readonly source: string;
  readonly bytes: Uint8Array;
}

/** @param files those that the plan was made with; others are ignored */
export function sealPlan(plan: Plan, files: readonly PlanFile[]): SealedPlan {
  const sources = new Set(plan.steps.flatMap(({ source }) => source ?? []));
  const payloads = files
    .filter(({ source }) => sources.has(source))
    .map(({ source, bytes }) => ({ source, sha256: sha256(bytes) }));
  const content = { ...plan, payloads };
  return { ...content, digest: digestOf(content) };
}

/** @param source the name of the file in messages @throws PlanError plan/bad-file */
export function decodePlan(text: string, source: string): SealedPlan {
  const decoded = decodeJson(text, sealedPlanSchema);
  if (decoded.kind !== "value") {
    throw new PlanError({
      code: "plan/bad-file",
      problem: `Cannot read "${source}" as a plan: ${decoded.problem}`,
      where: source,
      expected: `what "xsplice plan --json" prints, version ${PLAN_VERSION}`,
      remedy: "make a new plan",
    });
  }
  const plan = decoded.value;
  const digest = digestOf(plan);
  if (digest === plan.digest) return plan;
  throw new PlanError({
    code: "plan/bad-file",
    problem: `Cannot follow the plan "${source}": it was changed after it was made`,
    where: source,
    expected: `digest ${plan.digest}, found ${digest}`,
    remedy: "make a new plan",
  });
}

/** @throws PlanError plan/bad-file when a file is not the one that the plan was made with */
export function requireSealed({ payloads }: SealedPlan, files: readonly PlanFile[]): void {
  for (const { source, bytes } of files) {
    const made = payloads.find((payload) => payload.source === source)?.sha256;
    const found = sha256(bytes);
    if (made === found) continue;
    throw new PlanError({
      code: "plan/bad-file",
      problem: `Cannot follow the plan: "${source}" is not the file that it was made with`,
      where: source,
      expected: `SHA-256 ${made ?? "of a file that the plan knows"}, found ${found}`,
      remedy: "put that file back, or make a new plan",
    });
  }
}

function digestOf(content: Omit<SealedPlan, "digest">): string {
  // As it is read back: fields in the order of the schema, none that are not there.
  const schema = v.omit(sealedPlanSchema, ["digest"]);
  const form = v.parse(schema, JSON.parse(JSON.stringify(content)));
  return sha256(Buffer.from(JSON.stringify(form)));
}
