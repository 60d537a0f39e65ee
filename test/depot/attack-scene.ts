// The scene of all attacks: a depot that a host has followed to its first payload, and whose second one is
// published since. Not a test.

import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openKeys } from "../../src/depot/keys/key-file.ts";
import { keyIdOf, type Signer } from "../../src/depot/keys/signer.ts";
import { decodeMetadata, encodeMetadata, signWith } from "../../src/depot/publish/signed-files.ts";
import { DepotUnderTest } from "./depot-under-test.ts";
import { type Mirror, openMirror } from "./evil-server.ts";

/** By the options of `depot init`: scrypt is slow, and once is enough. */
const templates = new Map<string, Promise<string>>();

export class AttackScene {
  readonly own: DepotUnderTest;
  /** The depot as it was when the host last saw it. */
  readonly old: string;
  readonly mirror: Mirror;

  /** @param more options of `depot init` */
  static async begin(...more: readonly string[]): Promise<AttackScene> {
    const key = more.join(" ");
    const template = templates.get(key) ?? makeTemplate(more);
    templates.set(key, template);
    const own = new DepotUnderTest(await template);
    const scene = new AttackScene(own, await openMirror(join(own.folder, "old")));
    await own.trust(scene.mirror.url);
    await own.run("update");
    scene.mirror.folder = own.depot;
    return scene;
  }

  private constructor(own: DepotUnderTest, mirror: Mirror) {
    this.own = own;
    this.mirror = mirror;
    this.old = join(own.folder, "old");
  }

  async end(): Promise<void> {
    await this.mirror[Symbol.asyncDispose]();
    this.own.remove();
  }

  /** The newest version of a document. */
  newest(role: string): string {
    const names = readdirSync(join(this.own.depot, "metadata"));
    const versions = names.filter((name) => name.endsWith(`.${role}.json`)).map(Number.parseFloat);
    return `metadata/${Math.max(...versions.map(Math.trunc))}.${role}.json`;
  }

  /** The vendor's own keys of a directory, of whatever role. */
  keysIn(folder: string): readonly Signer[] {
    const names = readdirSync(folder);
    const ids = names.map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")).public);
    return openKeys(folder, new Set(ids.map(keyIdOf)), () => "correct horse");
  }

  /** What somebody with `keys` makes of a document. */
  forge(path: string, change: (signed: Record<string, unknown>) => void, keys: readonly Signer[]) {
    const document = JSON.parse(readFileSync(join(this.own.depot, path), "utf8"));
    change(document.signed);
    const forged = decodeMetadata(JSON.stringify({ ...document, signatures: [] }));
    signWith(forged, keys);
    return Buffer.from(encodeMetadata(forged));
  }
}

async function makeTemplate(more: readonly string[]): Promise<string> {
  const own = new DepotUnderTest();
  process.once("exit", () => own.remove());
  await own.begin(...more);
  await own.add(own.make("first", { functions: ["alpha"] }), "stable", "--fix", "XSA-1");
  await own.publish();
  cpSync(own.depot, join(own.folder, "old"), { recursive: true });
  const free = own.make("free", { mode: "independent", functions: ["delta"] });
  await own.add(free, "stable", "--fix", "XSA-2");
  await own.publish();
  return own.folder;
}
