// `npm run test:ansible`: runs the example play of share/ansible against two labs over ssh. A command of its own, since
// it fetches Ansible.

import { join } from "node:path";
import { root, setUp } from "./setup.mjs";
import { runTests } from "./tests.mjs";

setUp();
const { fetchMissing } = await import("../dist/src/parts/fetch-missing.js");
await fetchMissing(["ansible"]);
process.exitCode = runTests([join(root, "dist/test/lab/ansible/ansible-suite.js")]);
