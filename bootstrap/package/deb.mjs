// The package for Debian and its like: everything where apt, man, shells and systemd look for it.

import { createHash } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { settle, XZ_LEVEL } from "./facts.mjs";
import { run } from "./run.mjs";

/** Of the packaging, of one version of xSplice. */
const REVISION = 1;

const COMMAND = `#!/bin/sh
exec /usr/lib/xsplice/bin/node /usr/lib/xsplice/dist/bundle/cli/main.js "$@"
`;

export function makeDeb(tree, facts, out, work) {
  const folder = join(work, "deb");
  const place = (path) => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    return join(folder, path);
  };
  const { version, time } = facts;
  cpSync(join(tree, "lib/xsplice"), place("usr/lib/xsplice"), { recursive: true });
  cpSync(join(tree, "share"), place("usr/share"), { recursive: true });
  cpSync(join(tree, "licences"), place("usr/share/doc/xsplice/licences"), { recursive: true });
  cpSync(join(tree, "NOTICE"), place("usr/share/doc/xsplice/NOTICE"));
  writeFileSync(place("usr/bin/xsplice"), COMMAND, { mode: 0o755 });
  // For policy.json; whoever keeps the machine writes it.
  mkdirSync(place("etc/xsplice"));
  // Not enabled: "xsplice boot enable" puts its own beside them, which outlive the package.
  const boot = join(tree, "lib/xsplice/share/boot");
  for (const unit of readdirSync(boot).filter((name) => /\.(service|timer)$/.test(name)))
    cpSync(join(boot, unit), place(`usr/lib/systemd/system/${unit}`));
  compress(folder, facts);
  writeFileSync(place("usr/share/doc/xsplice/copyright"), copyrightOf(facts));
  const templates = new URL("debian/", import.meta.url);
  mkdirSync(join(folder, "DEBIAN"));
  for (const name of ["postinst", "postrm"])
    cpSync(new URL(name, templates), join(folder, "DEBIAN", name));
  writeFileSync(join(folder, "DEBIAN/md5sums"), sumsOf(folder));
  const control = readFileSync(new URL("control", templates), "utf8");
  const values = {
    VERSION: `${version}-${REVISION}`,
    SIZE: kibibytesOf(folder),
    NODE: facts.node.version,
  };
  const filled = control.replaceAll(/@(\w+)@/g, (_, key) => String(values[key]));
  writeFileSync(join(folder, "DEBIAN/control"), filled);
  settle(folder, time);
  const path = join(out, `xsplice_${version}-${REVISION}_amd64.deb`);
  rmSync(path, { force: true });
  const how = ["--root-owner-group", "-Zxz", `-z${XZ_LEVEL}`, "--threads-max=1"];
  run("dpkg-deb", [...how, "--build", folder, path], { env: { SOURCE_DATE_EPOCH: String(time) } });
  return path;
}

/** Man pages and the changelog, as Debian has them. */
function compress(folder, { version, time, description }) {
  const pages = join(folder, "usr/share/man/man1");
  const date = new Date(time * 1000).toUTCString().replace("GMT", "+0000");
  const news = join(folder, "usr/share/doc/xsplice/changelog.Debian");
  writeFileSync(
    news,
    `xsplice (${version}-${REVISION}) stable; urgency=medium\n\n  * ${description}.\n    See /usr/lib/xsplice/CHANGELOG.md.\n\n -- The xSplice authors <xsplice@localhost>  ${date}\n`,
  );
  const files = [news, ...readdirSync(pages).map((name) => join(pages, name))];
  run("gzip", ["-9n", ...files]);
}

function copyrightOf({ bundled, node }) {
  const others = [
    {
      files: "usr/lib/xsplice/bin/node",
      licence: "MIT and others",
      text: "node",
      name: `Node.js ${node.version}`,
    },
    ...bundled.map(({ name, licence }) => ({
      files: `usr/lib/xsplice/node_modules/${name}/*`,
      licence,
      text: name.replaceAll("/", "+"),
      name,
    })),
  ];
  const stanza = ({ files, licence, text, name }) =>
    `Files: ${files}\nCopyright: the authors of ${name}\nLicense: ${licence}\n In /usr/share/doc/xsplice/licences/, where ${name} brings its text: ${text}\n`;
  const own = `Files: *\nCopyright: 2026 The xSplice authors\nLicense: Apache-2.0\n The text is in /usr/share/common-licenses/Apache-2.0.\n`;
  const head =
    "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: xsplice\n";
  return [head, own, ...others.map(stanza)].join("\n");
}

function filesIn(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const names = files.map(({ parentPath, name }) => join(parentPath, name));
  return names.map((path) => path.slice(folder.length + 1)).sort();
}

function sumsOf(folder) {
  const files = filesIn(folder).filter((name) => !name.startsWith("DEBIAN/"));
  const sum = (name) =>
    createHash("md5")
      .update(readFileSync(join(folder, name)))
      .digest("hex");
  return files.map((name) => `${sum(name)}  ${name}\n`).join("");
}

function kibibytesOf(folder) {
  const sizes = filesIn(folder).map((name) => Math.ceil(statSync(join(folder, name)).size / 1024));
  return sizes.reduce((sum, size) => sum + size, 0);
}
