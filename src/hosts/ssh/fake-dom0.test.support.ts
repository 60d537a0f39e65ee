// A dom0 reached by ssh, without ssh and without Xen: a program that runs its last argument as ssh
// would, and a xen-livepatch that keeps its payloads in files. The real ones are in test/lab/.

import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LivepatchHost } from "../../host/host.ts";
import { systemClock } from "../clock.ts";
import { type Deadline, startDeadline } from "../deadline.ts";
import { openSshHost } from "./open.ts";

export const options = { deadlineMs: 20_000 };
export const actOptions = { ...options, quiesceMs: 30, dependencyCheck: "whole-chain" } as const;

/** The last word is the command; @LOGIN@ is what a login shell does before it runs one, or around `run`. */
const FAKE_SSH = `#!/bin/sh
for command; do :; done
PATH=@BIN@:$PATH TMPDIR=@TMP@
export PATH TMPDIR
run() { sh -c "$command"; }
@LOGIN@
exec sh -c "$command"
`;

/** One file for each payload, which holds its state. */
const FAKE_TOOL = `#!/bin/sh
cd @STATE@ || exit 1
file=$(printf %s "$2" | od -An -v -tx1 | tr -d ' \\n')
move() { # to-state verb
  printf '%s %s... ' "$2" "$3"
  echo "$1" >"$file"
  echo completed
}
case "$1" in
  help) echo "  --nodeps" >&2 ;;
  upload)
    printf 'Uploading %s... ' "$2"
    if [ -e "$file" ]; then echo failed; echo "Error 17: File exists" >&2; exit 1; fi
    if grep -q '^not a payload' "$3"; then echo failed; echo "Error 22: Invalid argument" >&2; exit 1; fi
    cp "$3" ../received
    echo CHECKED >"$file"; printf %s "$2" >"../name-$file"
    echo completed ;;
  apply) move APPLIED Applying "$2" ;;
  revert)
    if [ "$2" = buried ]; then
      echo "Reverting... failed"; echo "Error 16: Device or resource busy" >&2; exit 2
    fi
    move CHECKED Reverting "$2" ;;
  unload) rm "$file"; echo completed ;;
  list)
    [ -z "$(ls)" ] && { echo "Nothing to list"; exit 0; }
    echo " ID                                     | status     | metadata"
    echo "----------------------------------------+------------+---------------"
    for entry in *; do
      printf '%-40s| %s    | ' "$(cat "../name-$entry")" "$(cat "$entry")"
      cat "../metadata-$entry" 2>/dev/null
      echo
    done ;;
esac
`;

const FAKE_XL = `#!/bin/sh
[ "$1" = info ] || { echo "(XEN) hello"; exit 0; }
echo "xen_major              : 4"
echo "xen_minor              : 17"
echo "xen_extra              : .5"
echo "build_id               : 00ff"
`;

export interface Place {
  readonly folder: string;
  readonly command: readonly string[];
}

export interface PlaceOptions {
  /** Lines that the login shell there runs first, as its .bashrc has them; with `run; exit`, a wrapper. */
  readonly login?: string;
  /** More programs in its PATH, by their names. */
  readonly programs?: Readonly<Record<string, string>>;
}

export async function makePlace({ login = "", programs = {} }: PlaceOptions = {}): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "xsplice-ssh-test-"));
  const fill = (text: string): string =>
    text
      .replaceAll("@LOGIN@", () => login)
      .replaceAll("@BIN@", join(folder, "bin"))
      .replaceAll("@TMP@", join(folder, "tmp"))
      .replaceAll("@STATE@", join(folder, "state"));
  for (const name of ["bin", "tmp", "state"]) await mkdir(join(folder, name));
  const inDom0 = { "xen-livepatch": FAKE_TOOL, xl: FAKE_XL, ...programs };
  await writeProgram(join(folder, "ssh"), fill(FAKE_SSH));
  for (const [name, text] of Object.entries(inDom0)) {
    await writeProgram(join(folder, "bin", name), fill(text));
  }
  return { folder, command: [join(folder, "ssh")] };
}

async function writeProgram(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o755);
}

export async function withHost(
  use: (host: LivepatchHost, place: Place) => Promise<void>,
  placeOptions: PlaceOptions = {},
): Promise<void> {
  const place = await makePlace(placeOptions);
  const host = await openSshHost({ destination: "root@dom0", command: place.command, ...options });
  try {
    await use(host, place);
  } finally {
    await host[Symbol.asyncDispose]();
    await rm(place.folder, { recursive: true });
  }
}

export function soon(): Deadline {
  return startDeadline("a dom0", options, systemClock);
}
