// A plan as a file: what `xsplice plan --json` prints, and `xsplice sync --plan` takes.

import { decodeJson } from "../json/decode-json.ts";
import { PlanError } from "./obstacle.ts";
import { PLAN_VERSION, type Plan, planSchema } from "./plan-form.ts";

/** @param source the name of the file in messages @throws PlanError plan/bad-file */
export function decodePlan(text: string, source: string): Plan {
  const decoded = decodeJson(text, planSchema);
  if (decoded.kind === "value") return decoded.value;
  throw new PlanError({
    code: "plan/bad-file",
    problem: `Cannot read "${source}" as a plan: ${decoded.problem}`,
    where: source,
    expected: `what "xsplice plan --json" prints, version ${PLAN_VERSION}`,
  });
}
