// The role and the example play of share/ansible, run by Ansible against two labs over ssh, which have nothing but
// Xen's own tools and no Python.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Lab } from "../../../src/lab/lab.ts";
import { openLab } from "../../../src/lab/open-lab.ts";
import { openSshWay, type SshWay } from "../ssh-server.ts";
import { installPrograms } from "./programs.ts";

const package_ = fileURLToPath(new URL("../../../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "xsplice-ansible-"));
const [bin, example] = [join(folder, "bin"), join(folder, "ansible/example")];
const environment = {
  ...process.env,
  PATH: `${bin}:${process.env["PATH"]}`,
  HOME: folder,
  LC_ALL: "C.UTF-8",
  ANSIBLE_NOCOLOR: "1",
  ANSIBLE_CONFIG: join(example, "ansible.cfg"),
};
const releases = ["4.17", "4.20"];
const labs: Lab[] = [];
const ways: SshWay[] = [];

function run(program: string, ...args: readonly string[]) {
  const done = spawnSync(program, args, { env: environment, encoding: "utf8", cwd: example });
  if (done.error) throw done.error;
  return { said: done.stdout + done.stderr, code: done.status };
}

/** @returns what it said, and the counts of its last lines for each host */
function play(...args: readonly string[]) {
  const { said, code } = run("ansible-playbook", "site.yml", ...args);
  const recap = said.matchAll(/^(xen\d) +: ok=(\d+) +changed=(\d+) +unreachable=0 +failed=(\d+)/gm);
  const counts = [...recap].map(([, host, ok, changed, failed]) => {
    return { host, ok: Number(ok), changed: Number(changed), failed: Number(failed) };
  });
  return { said, code, counts };
}

function requireCounts(played: ReturnType<typeof play>, wanted: { changed: number }): void {
  const hosts = ["xen1", "xen2"].map((host) => ({ host, ok: 1, ...wanted, failed: 0 }));
  assert.deepEqual(played.counts, hosts, played.said);
  assert.equal(played.code, 0);
}

function applied(): readonly string[] {
  return ways.map(({ destination }) => {
    const { said } = run("xsplice", "--host", `ssh:${destination}`, "list", "--stack", "--json");
    return JSON.parse(said)
      .applied.map(({ name }: { name: string }) => name)
      .join(" ");
  });
}

describe("share/ansible", () => {
  before(async () => {
    cpSync(join(package_, "share/ansible"), join(folder, "ansible"), { recursive: true });
    mkdirSync(join(example, "payloads"));
    for (const [index, xen] of releases.entries()) {
      const lab = await openLab({ xen, userland: "full" });
      labs.push(lab);
      ways.push(await openSshWay(lab, `xen${index + 1}.lab`));
    }
    const config = join(folder, "ssh-config");
    writeFileSync(config, ways.map((way) => `Include ${way.config}\n`).join(""));
    const [program = "ssh"] = ways[0]?.command ?? [];
    installPrograms(bin, [...(ways[0]?.command.slice(0, -2) ?? [program]), "-F", config]);
    const python = `ansible_python_interpreter=${join(bin, "python-of-ansible")}`;
    writeFileSync(
      join(example, "inventory.ini"),
      `[xen]\nxen1 ansible_host=xen1.lab\nxen2 ansible_host=xen2.lab\n[all:vars]\n${python}\n`,
    );
    for (const [index, { info }] of labs.entries()) {
      const output = join(example, "payloads", `fix-${releases[index]}.livepatch`);
      const source = join(package_, "examples/extra-version.c");
      const made = run(
        "xsplice",
        "compile",
        source,
        "--xen-syms",
        info.symbols ?? "",
        "-o",
        output,
      );
      assert.equal(made.code, 0, made.said);
    }
  });
  after(async () => {
    for (const way of ways) way.remove();
    await Promise.all(labs.map((lab) => lab.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  test("--check --diff says what would be applied where, and applies nothing", () => {
    const played = play("--check", "--diff");
    requireCounts(played, { changed: 1 });
    for (const name of ["+fix-4.17", "+fix-4.20"]) assert.ok(played.said.includes(name));
    assert.deepEqual(applied(), ["", ""]);
  });

  test("the play applies to each host the payload that is for it", () => {
    requireCounts(play(), { changed: 1 });
    assert.deepEqual(applied(), ["fix-4.17", "fix-4.20"]);
  });

  test("the second time nothing is changed, with --check neither", () => {
    requireCounts(play(), { changed: 0 });
    requireCounts(play("--check", "--diff"), { changed: 0 });
  });

  test("everything is taken away only where somebody has agreed", () => {
    const nothing = ["-e", '{"xsplice_to_dir":"","xsplice_to_nothing":true}'];
    const refused = play(...nothing);
    assert.notEqual(refused.code, 0);
    assert.match(refused.said, /everything that is applied is removed: fix-4\.17/);
    assert.deepEqual(applied(), ["fix-4.17", "fix-4.20"]);
    requireCounts(play(...nothing, "-e", "agreed=true"), { changed: 1 });
    assert.deepEqual(applied(), ["", ""]);
  });

  test("a host keeps its fixes where the play does not say what it should run", () => {
    requireCounts(play(), { changed: 1 });
    const { said, code } = play("-e", "xsplice_to_dir=");
    assert.notEqual(code, 0);
    assert.match(said, /Give one of to, to_dir, to_nothing, depot; found: none/);
    assert.deepEqual(applied(), ["fix-4.17", "fix-4.20"]);
  });

  test("what a reboot applies is switched on once", () => {
    const on = ["-e", '{"xsplice_after_reboot":true}'];
    requireCounts(play(...on, "--check"), { changed: 1 });
    requireCounts(play(...on), { changed: 1 });
    requireCounts(play(...on), { changed: 0 });
  });

  test("a host that does not answer fails in the words of xsplice, and stops the play", () => {
    const { said, code } = play("-e", "xsplice_host=ssh:nobody.invalid");
    assert.notEqual(code, 0);
    assert.match(said, /Cannot .*nobody\.invalid/);
  });
});
