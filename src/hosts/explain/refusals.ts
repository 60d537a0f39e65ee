// Errors of the calls that are complete when they return: upload, list, console.

import { HostError } from "../../host/errors.ts";
import { nameOfErrno } from "../../xen-abi/errno.ts";
import { explain } from "./explain.ts";
import type { Refusal } from "./refused-step.ts";

export function uploadRefused(label: string, refusal: Omit<Refusal, "step">): HostError {
  const { text, ...rest } = explain({ step: "upload", ...refusal });
  return new HostError(
    {
      code: "host/refused",
      problem: `Cannot upload payload "${refusal.name}" to ${label}: ${text}, ${nameOfErrno(refusal.errno)}`,
      ...rest,
    },
    { errno: refusal.errno },
  );
}

/** @param task e.g. `list the payloads` */
export function queryRefused(label: string, task: string, errno: number): HostError {
  const { text, ...rest } = explain({ step: "query", name: "", errno, console: "" });
  return new HostError(
    {
      code: "host/refused",
      problem: `Cannot ${task} on ${label}: ${text}, ${nameOfErrno(errno)}`,
      ...rest,
    },
    { errno },
  );
}
