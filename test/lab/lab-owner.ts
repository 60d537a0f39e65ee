// A process that owns a lab, to be killed by a test: prints the lab's folder, then only waits.

import { openLab } from "../../src/lab/mod.ts";

const lab = await openLab();
process.stdout.write(`${lab.info.folder}\n`);
await lab.crashed;
