// What an evil mirror, or an evil network, can do to a host that asks: each as what is served, and what the
// host says to it.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeKeys, openKeys } from "../../src/depot/keys/key-file.ts";
import { keyIdOf } from "../../src/depot/keys/signer.ts";
import type { AttackScene } from "./attack-scene.ts";
import type { Answer, Lie } from "./evil-server.ts";

export interface Attack {
  readonly name: string;
  readonly code: string;
  readonly says: RegExp;
  readonly lie: (scene: AttackScene) => Lie | Promise<Lie>;
}

const bytes = (content: Uint8Array): Answer => ({ kind: "bytes", bytes: content });
const isPayload = (path: string) => path.endsWith("free.livepatch");

/** Another answer for the paths that fit. */
const instead = (fits: (path: string) => boolean, answer: (truth: Uint8Array) => Answer): Lie => ({
  answer: (path, truth = new Uint8Array()) => (fits(path) ? answer(truth) : undefined),
});

/** What another directory has, and nothing else. */
const onlyOf = (folder: string): Lie => ({
  answer: (path) => {
    const place = join(folder, path);
    return existsSync(place) ? bytes(readFileSync(place)) : { kind: "status", status: 404 };
  },
});

const flipped = (content: Uint8Array): Uint8Array => {
  const other = Buffer.from(content);
  other[other.length - 1] = (other.at(-1) ?? 0) ^ 1;
  return other;
};

const isTimestamp = (path: string): boolean => path === "metadata/timestamp.json";

export const attacks: readonly Attack[] = [
  {
    name: "a rollback to what the depot said before",
    code: "depot/not-trusted",
    says: /something old is served/,
    lie: async ({ own, old }) => {
      await own.run("update");
      return onlyOf(old);
    },
  },
  {
    name: "a mix of a new snapshot and an old channel",
    code: "depot/not-trusted",
    says: /versions do not fit/,
    lie: (scene) => {
      const newest = scene.newest("stable");
      return instead(
        (path) => path === newest,
        () => bytes(readFileSync(join(scene.old, "metadata/1.stable.json"))),
      );
    },
  },
  {
    name: "two faces: a new timestamp before an old rest",
    code: "depot/not-trusted",
    says: /a file is missing that another one names/,
    lie: ({ old }) => ({
      answer: (path, truth) => (isTimestamp(path) ? undefined : onlyOf(old).answer(path, truth)),
    }),
  },
  {
    name: "a timestamp without an end",
    code: "depot/not-trusted",
    says: /longer than it may be/,
    lie: () => instead(isTimestamp, () => ({ kind: "endless" })),
  },
  {
    name: "a payload without an end",
    code: "depot/not-trusted",
    says: /longer than it may be/,
    lie: () => instead(isPayload, () => ({ kind: "endless" })),
  },
  {
    name: "a truncated timestamp",
    code: "depot/not-trusted",
    says: /cut off/,
    lie: () => instead(isTimestamp, (truth) => bytes(truth.subarray(0, 200))),
  },
  {
    name: "a payload that breaks off",
    code: "depot/unreachable",
    says: /Cannot read "targets\/stable\//,
    lie: () => instead(isPayload, (truth) => ({ kind: "cut", bytes: truth.subarray(0, 100) })),
  },
  {
    name: "a payload that is too short",
    code: "depot/not-trusted",
    says: /it has \d+ bytes/,
    lie: () => instead(isPayload, (truth) => bytes(truth.subarray(0, -1))),
  },
  {
    name: "a payload that is too long",
    code: "depot/not-trusted",
    says: /longer than it may be/,
    lie: () => instead(isPayload, (truth) => bytes(Buffer.concat([truth, Buffer.from("x")]))),
  },
  {
    name: "a payload with another digest",
    code: "depot/not-trusted",
    says: /its SHA-256 is [0-9a-f]{64}/,
    lie: () => instead(isPayload, (truth) => bytes(flipped(truth))),
  },
  {
    name: "a wish with another digest",
    code: "depot/not-trusted",
    says: /its SHA-256 is/,
    lie: () =>
      instead(
        (path) => path.endsWith("wish.json"),
        (truth) => bytes(flipped(truth)),
      ),
  },
  {
    name: "a timestamp signed by an unknown key",
    code: "depot/not-trusted",
    says: /too few of the keys that have to sign it have done so/,
    lie: (scene) => {
      const evil = join(scene.own.folder, "evil");
      const [made] = makeKeys(evil, ["timestamp"], "evil");
      const keys = openKeys(evil, new Set([keyIdOf(made?.publicKey ?? "")]), () => "evil");
      const forged = scene.forge(
        "metadata/timestamp.json",
        (signed) => {
          signed["version"] = 99;
        },
        keys,
      );
      return instead(isTimestamp, () => bytes(forged));
    },
  },
  {
    name: "a channel with fewer signatures than its threshold",
    code: "depot/not-trusted",
    says: /too few of the keys/,
    lie: (scene) => {
      const newest = scene.newest("stable");
      return instead(
        (path) => path === newest,
        (truth) => {
          const document = JSON.parse(Buffer.from(truth).toString());
          const signatures = document.signatures.slice(1);
          return bytes(Buffer.from(JSON.stringify({ ...document, signatures })));
        },
      );
    },
  },
  {
    name: "a channel that names one key twice",
    code: "depot/not-trusted",
    says: /what it serves is not what its keys have signed|too few/,
    lie: (scene) => {
      const newest = scene.newest("stable");
      return instead(
        (path) => path === newest,
        (truth) => {
          const document = JSON.parse(Buffer.from(truth).toString());
          const [one] = document.signatures;
          const signatures = [one, one];
          return bytes(Buffer.from(JSON.stringify({ ...document, signatures })));
        },
      );
    },
  },
  {
    name: "a key that was revoked",
    code: "depot/not-trusted",
    says: /too few of the keys/,
    lie: async (scene) => {
      const { own } = scene;
      const stolen = scene.keysIn(own.keys);
      await own.run("depot", "rotate", own.depot, "timestamp", "--keys", own.keys);
      await own.publish();
      const root = JSON.parse(readFileSync(join(own.depot, scene.newest("root")), "utf8"));
      const known = new Set(Object.keys(root.signed.keys));
      const old = stolen.filter(({ keyId }) => !known.has(keyId));
      const forged = scene.forge(
        "metadata/timestamp.json",
        (signed) => {
          signed["version"] = 99;
        },
        old,
      );
      return instead(isTimestamp, () => bytes(forged));
    },
  },
  {
    name: "a jump of the root's versions",
    code: "depot/not-trusted",
    says: /versions do not fit/,
    lie: (scene) => {
      const root = scene.keysIn(scene.own.keys);
      const forged = scene.forge(
        "metadata/1.root.json",
        (signed) => {
          signed["version"] = 3;
        },
        root,
      );
      return instead(
        (path) => path === "metadata/2.root.json",
        () => bytes(forged),
      );
    },
  },
  {
    name: "a server that answers with errors",
    code: "depot/unreachable",
    says: /the server answers 500/,
    lie: () =>
      instead(
        () => true,
        () => ({ kind: "status", status: 500 }),
      ),
  },
  {
    name: "a server that leads elsewhere",
    code: "depot/unreachable",
    says: /Cannot read "metadata\//,
    lie: () =>
      instead(
        () => true,
        () => ({ kind: "redirect", to: "http://127.0.0.1:9/" }),
      ),
  },
  {
    name: "a server that says that nothing is there",
    code: "depot/not-trusted",
    says: /a file is missing/,
    lie: () =>
      instead(
        () => true,
        () => ({ kind: "status", status: 404 }),
      ),
  },
];
