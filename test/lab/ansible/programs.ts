// A directory of programs for the play: this xsplice, an ssh that knows the labs, Ansible with the Python that it was
// fetched with.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withOwnLibraries } from "../../../src/lab/own-libraries.ts";
import { requirePart } from "../../../src/parts/parts.ts";

const main = fileURLToPath(new URL("../../../src/cli/main.js", import.meta.url));

/** @param ssh program and first arguments in place of `ssh` */
export function installPrograms(bin: string, ssh: readonly string[]): void {
  mkdirSync(bin);
  install(bin, "ssh", ssh);
  install(bin, "xsplice", [process.execPath, main]);
  const part = requirePart("ansible");
  if (part.kind === "provided") {
    install(bin, "ansible-playbook", [part.program]);
    install(bin, "python-of-ansible", ["python3"]);
    return;
  }
  const { root } = part;
  const python = withOwnLibraries(root, "usr/bin/python3");
  const environment = [
    `PYTHONHOME=${join(root, "usr")}`,
    `PYTHONPATH=${join(root, "usr/lib/python3/dist-packages")}`,
    "PYTHONDONTWRITEBYTECODE=1",
  ];
  install(bin, "python-of-ansible", ["env", ...environment, ...python]);
  install(bin, "ansible-playbook", [
    join(bin, "python-of-ansible"),
    join(root, "usr/bin/ansible-playbook"),
  ]);
}

function install(bin: string, name: string, words: readonly string[]): void {
  const quoted = words.map((word) => `'${word}'`).join(" ");
  writeFileSync(join(bin, name), `#!/bin/sh\nexec ${quoted} "$@"\n`, { mode: 0o755 });
}
