// Converts Xen's refusal number to an error for people. The host kinds add what only the console shows.

import { HostError } from "../host/errors.ts";
import { Errno, meaningOfErrno, nameOfErrno } from "../xen-abi/errno.ts";

/**
 * @param what "upload payload \"fix\"": follows "Cannot"
 * @param result of the hypercall; hooks can make it positive, which is a refusal as well
 */
export function refusal(what: string, result: number): HostError {
  const errno = Math.abs(result);
  const answer = `Cannot ${what}: Xen answered ${nameOfErrno(errno)}`;
  switch (errno) {
    case Errno.ENOSYS:
      return new HostError(
        {
          code: "host/unsupported",
          problem: `${answer}, ${meaningOfErrno(errno)}`,
          expected: "a hypervisor built with CONFIG_LIVEPATCH",
        },
        { errno },
      );
    case Errno.EPERM:
      return new HostError(
        {
          code: "host/refused",
          problem: `${answer}, ${meaningOfErrno(errno)}`,
          remedy: "run it in dom0, as root",
        },
        { errno },
      );
    default:
      return new HostError(
        { code: "host/refused", problem: `${answer}, ${meaningOfErrno(errno)}` },
        { errno },
      );
  }
}

/** For GET and ACTION, where ENOENT always is the payload's name. */
export function unknownPayload(what: string): HostError {
  return new HostError(
    { code: "host/unknown-payload", problem: `Cannot ${what}: no such payload is loaded` },
    { errno: Errno.ENOENT },
  );
}
