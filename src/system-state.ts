// What the system says when it refuses a file or a program, in our words: the current state of the
// thing, as the end of "Cannot <verb> <object>: <current state>".

const states: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or directory",
  EEXIST: "it exists already",
  ENOTDIR: "a path component is not a directory",
  EISDIR: "it is a directory",
  ELOOP: "its symbolic links form a loop",
  ENAMETOOLONG: "its name is too long",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EIO: "the disk has an error (I/O error)",
  ETXTBSY: "it is a program that is running",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open",
  ENOMEM: "there is no memory left",
};

/** Of whatever was thrown; what is not known is told as it is. */
export function systemStateOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = codeOfSystemError(error);
  if (code === undefined) return error.message;
  return states[code] ?? `the system says ${code}`;
}

/** As systemStateOf(), of a directory that was to be made unless it was there. */
export function stateOfFolder(error: unknown): string {
  return codeOfSystemError(error) === "EEXIST" ? "it is not a directory" : systemStateOf(error);
}

/** As systemStateOf(), of a program that was to be started. */
export function stateOfProgram(error: unknown): string {
  return codeOfSystemError(error) === "ENOENT" ? "there is no such program" : systemStateOf(error);
}

/** Such as `ENOENT`; `undefined` for an error that is not the system's. */
export function codeOfSystemError(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
