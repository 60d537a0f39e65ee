// Only the hypervisor's console shows why Xen refused. Its lines on live patching look like
// `(XEN) livepatch: NAME: what happened`; a few have another name or none.

import type { UnexpectedCode } from "../../host/errors.ts";

const LINE = /livepatch: (.*)$/;

/** Xen's lines about the payload `name`, oldest first, without the prefix and the name. */
export function payloadMessages(console: string, name: string): readonly string[] {
  return livepatchMessages(console).flatMap((message) => {
    if (message.startsWith(`${name}: `)) return [message.slice(name.length + 2)];
    if (message.startsWith(`${name} `)) return [message.slice(name.length + 1)];
    return [];
  });
}

/** Every live-patching line, oldest first, without the prefix `livepatch: `. */
function livepatchMessages(console: string): readonly string[] {
  return console.split(/\r?\n/).flatMap((line) => LINE.exec(line)?.[1] ?? []);
}

/** The payload on top of the stack, when Xen refused to revert one below it. */
export function revertTopOf(console: string): string | undefined {
  return lastMatch(console, /: can't unload\. Top is (.*)$/)?.[1];
}

/** The domain, as `d3`, whose vm_event wait queue is active: apply is refused meanwhile. */
export function waitQueueOf(console: string): string | undefined {
  return lastMatch(console, /^(\S+) found with active waitqueue$/)?.[1];
}

/** A hook of the payload refused, so another attempt would only run it again. */
export function vetoOf(console: string, name: string): string | undefined {
  return payloadMessages(console, name).findLast((message) =>
    /^pre-(apply|revert) hook failed \(rc=-?\d+\)/.test(message),
  );
}

/** Whether Xen reported that the CPUs did not meet, in the words of all releases since 4.7. */
export function saysNotMet(console: string, name: string): boolean {
  return payloadMessages(console, name).some((message) =>
    /^Timed out on semaphore|unable to get cpu_maps lock!$/.test(message),
  );
}

/**
 * The bytes that an expectation of the payload `name` required, and those that Xen found there. Two
 * lines belong together: the first has the bytes, the second the payload.
 */
export function unexpectedCodeOf(console: string, name: string): UnexpectedCode | undefined {
  const found = failedExpectationOf(console);
  const failed = payloadMessages(console, name).some((message) =>
    message.startsWith(`expectations of ${found?.place} failed`),
  );
  return failed ? found : undefined;
}

/** The bytes that an expectation required at a function, and those that Xen found there. */
export function failedExpectationOf(console: string): UnexpectedCode | undefined {
  const pattern = /^(.*): expectation failed: expected:([0-9a-f]*), actual:([0-9a-f]*)$/;
  const match = lastMatch(console, pattern);
  if (match === undefined) return undefined;
  const [, place = "", expected = "", actual = ""] = match;
  return { place, expected, actual };
}

function lastMatch(console: string, pattern: RegExp): RegExpExecArray | undefined {
  for (const message of [...livepatchMessages(console)].reverse()) {
    const match = pattern.exec(message);
    if (match !== null) return match;
  }
  return undefined;
}
