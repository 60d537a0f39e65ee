// Xen's error numbers and their meanings: ABI reference §6.9. The hypervisor returns them negative;
// they are the numbers of Linux on x86 and Arm, so an ioctl's errno is the same number.

/** XEN_E…: those that the livepatch operations and their hooks are known to give. */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSPC: 28,
  ERANGE: 34,
  ENOSYS: 38,
  ENODATA: 61,
  ETIME: 62,
  EOVERFLOW: 75,
  EOPNOTSUPP: 95,
  ENOBUFS: 105,
  ETIMEDOUT: 110,
} as const;

export type ErrnoName = keyof typeof Errno;

/** The text of strerror(3), which stock tools print. */
const texts: Readonly<Record<ErrnoName, string>> = {
  EPERM: "Operation not permitted",
  ENOENT: "No such file or directory",
  EINTR: "Interrupted system call",
  EIO: "Input/output error",
  ENXIO: "No such device or address",
  E2BIG: "Argument list too long",
  EAGAIN: "Resource temporarily unavailable",
  ENOMEM: "Cannot allocate memory",
  EACCES: "Permission denied",
  EFAULT: "Bad address",
  EBUSY: "Device or resource busy",
  EEXIST: "File exists",
  ENODEV: "No such device",
  EINVAL: "Invalid argument",
  ENOSPC: "No space left on device",
  ERANGE: "Numerical result out of range",
  ENOSYS: "Function not implemented",
  ENODATA: "No data available",
  ETIME: "Timer expired",
  EOVERFLOW: "Value too large for defined data type",
  EOPNOTSUPP: "Operation not supported",
  ENOBUFS: "No buffer space available",
  ETIMEDOUT: "Connection timed out",
};

/** The meaning of a number that the livepatch operations of Xen return. */
const meanings: Readonly<Record<ErrnoName, string>> = {
  EPERM: "only the control domain may do this",
  ENOENT: "there is no such payload, or a symbol that the payload needs is unknown",
  EINTR: "the call was interrupted",
  EIO: "reading or writing failed",
  ENXIO: "there is no such device",
  E2BIG: "more entries were asked for than Xen lists at once",
  EAGAIN: "an action on this payload is still under way",
  ENOMEM: "the hypervisor has no memory left for it",
  EACCES: "the interface version is another one, or the security policy (FLASK) forbids it",
  EFAULT: "memory of the caller or of the payload could not be reached",
  EBUSY: "another action is under way, or the processors did not meet in time",
  EEXIST: "the name, the build-id or a symbol of the payload is in use already",
  ENODEV: "there is no such device",
  EINVAL: "the payload or the request does not fit the hypervisor or the current state",
  ENOSPC: "something of the payload does not fit into its place",
  ERANGE: "a value of the payload is out of its range",
  ENOSYS: "the hypervisor was built without it",
  ENODATA: "a build-id that is needed does not exist",
  ETIME: "time ran out",
  EOVERFLOW: "a jump or reference of the payload does not reach its target",
  EOPNOTSUPP: "the payload uses something that this hypervisor does not support",
  ENOBUFS: "the caller's buffer is too small",
  ETIMEDOUT: "time ran out",
};

/** @param errno positive */
export function findErrnoName(errno: number): ErrnoName | undefined {
  const names = Object.keys(Errno) as ErrnoName[];
  return names.find((name) => Errno[name] === errno);
}

/** `EBUSY (16)`, `error 200` for a number that has no name here. @param errno positive */
export function nameOfErrno(errno: number): string {
  const name = findErrnoName(errno);
  return name === undefined ? `error ${errno}` : `${name} (${errno})`;
}

/** The text of strerror(3). @param errno positive */
export function textOfErrno(errno: number): string {
  const name = findErrnoName(errno);
  return name === undefined ? `Unknown error ${errno}` : texts[name];
}

/** The meaning of a number in Xen, as half a sentence. @param errno positive */
export function meaningOfErrno(errno: number): string {
  const name = findErrnoName(errno);
  return name === undefined
    ? "the hypervisor or a hook returned a number without a name"
    : meanings[name];
}
