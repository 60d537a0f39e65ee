// Opens a base by its word: finds its parts, fetches what is missing, and compares them.

import { agreedBase } from "./agree.ts";
import type { Base, BaseParts, OpenBaseOptions, PartsNeed } from "./base.ts";
import { readBaseWord } from "./base-word.ts";
import { exactVersion, openDebian } from "./debian.ts";
import { openDebianArm64 } from "./debian-arm64.ts";
import { openDirectory } from "./directory.ts";
import { askSsh, askThisMachine, openRunning } from "./running.ts";

/**
 * @param word `debian:VERSION`, `debian:12`, `debian-arm64:VERSION`, `installed`, `ssh:USER@HOST`, or a directory
 * @throws BaseError; PartsError, HostError, ElfError, BuilderError, BuildError of its parts; the reason
 *   of `signal`
 */
export async function openBase(word: string, options: OpenBaseOptions = {}): Promise<Base> {
  const { need = "build", source } = options;
  const wanted = need === "build" && source !== undefined ? "settings" : need;
  const parts = await findParts(word, wanted, options);
  return agreedBase(source === undefined ? parts : { ...parts, source }, need);
}

async function findParts(
  word: string,
  need: PartsNeed,
  options: OpenBaseOptions,
): Promise<BaseParts> {
  const base = readBaseWord(word);
  switch (base.kind) {
    case "debian": {
      const version = await exactVersion(base.release, base.version, options);
      return base.architecture === "arm64"
        ? await openDebianArm64(version, need, options)
        : await openDebian(version, need, options);
    }
    case "installed":
      return await openRunning(await askThisMachine(options), need, options);
    case "ssh":
      return await openRunning(await askSsh(base.destination, options), need, options);
    case "directory":
      return openDirectory(base.folder, need);
  }
}
