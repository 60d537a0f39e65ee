// A clone of Xen's repository, which is only read: the source of the base, and fixes as patches.

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { ScoreError } from "./fix-list.ts";

const OUTPUT_MAX = 1 << 28;

export class Clone {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The full name of a commit or tag. @throws ScoreError score/bad-clone */
  commitOf(name: string): string {
    return this.#git(["rev-parse", "--verify", "--quiet", `${name}^{commit}`], name).trim();
  }

  /** The commit as an author sends it: with its message, which gives the payload its title. */
  patchOf(commit: string): string {
    return this.#git(["format-patch", "-1", "--stdout", "--no-signature", commit], commit);
  }

  /** Writes the source as of a commit into a new directory. */
  exportTo(commit: string, folder: string): void {
    mkdirSync(folder, { recursive: true });
    const archive = this.#bytes(["archive", "--format=tar", commit], commit);
    execFileSync("tar", ["-x", "-C", folder], { input: archive });
  }

  #git(args: readonly string[], about: string): string {
    return this.#bytes(args, about).toString("latin1");
  }

  #bytes(args: readonly string[], about: string): Buffer {
    try {
      return execFileSync("git", ["-C", this.#folder, ...args], {
        maxBuffer: OUTPUT_MAX,
        stdio: ["ignore", "pipe", "ignore"],
      });
    } catch (cause) {
      throw new ScoreError(
        {
          code: "score/bad-clone",
          problem: `Cannot find "${about}" in the clone of Xen`,
          where: this.#folder,
          expected: "a clone of Xen's repository with its stable branches and tags",
        },
        { cause },
      );
    }
  }
}
