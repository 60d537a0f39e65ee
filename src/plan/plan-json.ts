// A plan as a file: what `xsplice plan --json` prints, and `xsplice sync --plan` takes.

import { PlanError } from "./obstacle.ts";
import {
  type FunctionChange,
  type Notice,
  PLAN_VERSION,
  type Plan,
  type PlanMoment,
  type PlanStep,
} from "./plan-form.ts";
import { BadField, JsonFields } from "./read-json.ts";

const actions = ["upload", "apply", "revert", "replace", "unload"] as const;
const changes = ["newly-patched", "patched-again", "reverted", "unchanged"] as const;
const noticeKinds = [
  "lifted",
  "fresh-data",
  "renamed",
  "kept",
  "not-in-force",
  "hook-may-refuse",
] as const;

/**
 * @param source what the file is called in messages
 * @throws PlanError plan/bad-file
 */
export function decodePlan(text: string, source: string): Plan {
  try {
    return decodeFields(JsonFields.parse(text));
  } catch (error) {
    if (!(error instanceof BadField)) throw error;
    throw new PlanError({
      code: "plan/bad-file",
      problem: `Cannot read "${source}" as a plan: ${error.words}`,
      where: source,
      expected: `what "xsplice plan --json" prints, version ${PLAN_VERSION}`,
    });
  }
}

function decodeFields(fields: JsonFields): Plan {
  const version = fields.oneOf("version", [PLAN_VERSION]);
  const host = fields.child("host");
  return {
    version,
    fingerprint: fields.text("fingerprint"),
    host: { xenBuildId: host.optionalText("xenBuildId"), bootId: host.optionalText("bootId") },
    steps: fields.children("steps").map(decodeStep),
    functions: fields.children("functions").map(decodeChange),
    missing: fields.children("missing").map(decodeMoment),
    whyMissing: fields.texts("whyMissing"),
    notices: fields.children("notices").map(decodeNotice),
    quiesces: fields.count("quiesces"),
    stack: fields.texts("stack"),
  };
}

function decodeStep(fields: JsonFields): PlanStep {
  const source = fields.optionalText("source");
  const dependencyCheck = fields.optionalOneOf("dependencyCheck", [
    "whole-chain",
    "hypervisor-only",
  ]);
  return {
    action: fields.oneOf("action", actions),
    name: fields.text("name"),
    buildId: fields.optionalText("buildId"),
    ...(source === undefined ? {} : { source }),
    ...(dependencyCheck === undefined ? {} : { dependencyCheck }),
    functions: fields.children("functions").map(decodeChange),
    unknown: fields.texts("unknown"),
  };
}

function decodeChange(fields: JsonFields): FunctionChange {
  return {
    function: fields.text("function"),
    change: fields.oneOf("change", changes),
    by: fields.optionalText("by"),
  };
}

function decodeMoment(fields: JsonFields): PlanMoment {
  const fix = fields.child("fix");
  return {
    fix: { kind: fix.oneOf("kind", ["function", "payload"]), name: fix.text("name") },
    fromStep: fields.count("fromStep"),
    toStep: fields.count("toStep"),
    meanwhile: fields.optionalText("meanwhile"),
  };
}

function decodeNotice(fields: JsonFields): Notice {
  const kind = fields.oneOf("kind", noticeKinds);
  return { kind, name: fields.text("name"), words: fields.text("words") };
}
