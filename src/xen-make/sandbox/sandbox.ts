// What make, the compiler and all that they start can reach while they work: the system's programs and
// libraries, the parts that they are taken from, and one copy of the source. No network, no other
// process, no home, no other file. Source and patch name what make runs, so they are not trusted with more.

/** How programs that a source controls are run. */
export type Sandbox =
  | {
      readonly kind: "bubblewrap";
      readonly program: string;
      /** Its arguments that are the same for each run. */
      readonly fixed: readonly string[];
    }
  /** `isWanted`: the caller asked for none. */
  | { readonly kind: "none"; readonly because: string; readonly isWanted: boolean };

/** One run in it. */
export interface Reach {
  /** The copy of the source that it sees, besides the system. */
  readonly tree: string;
  readonly access: "read" | "write";
  /** Where it starts, in `tree`; its top if undefined. */
  readonly folder?: string;
}

/** The command line that runs `argv` with no more than `reach`. */
export function confined(
  sandbox: Sandbox,
  argv: readonly string[],
  { tree, access, folder = tree }: Reach,
): readonly string[] {
  if (sandbox.kind === "none") return argv;
  const bind = access === "write" ? "--bind" : "--ro-bind";
  return [sandbox.program, ...sandbox.fixed, bind, tree, tree, "--chdir", folder, "--", ...argv];
}

/** The same where a further directory can be read. */
export function alsoReading(sandbox: Sandbox, folder: string): Sandbox {
  if (sandbox.kind === "none") return sandbox;
  return { ...sandbox, fixed: [...sandbox.fixed, "--ro-bind", folder, folder] };
}

/** The environment of what runs in it: nothing that leads home. */
export function environmentIn(
  sandbox: Sandbox,
  environment: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (sandbox.kind === "none") return environment;
  const { HOME: _home, TMPDIR: _temporary, CCACHE_DIR: _ccache, ...rest } = environment;
  // Its store is out of reach, and an object that was put there is nobody's to trust.
  return { ...rest, CCACHE_DISABLE: "1" };
}
