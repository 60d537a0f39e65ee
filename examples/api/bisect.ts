// Which of COUNT fixes makes COMMAND fail? It gets as its last word how many fixes to try, from 0 on.
import { spawnSync } from "node:child_process";
import { nextProbe, type ProbedPrefix } from "xsplice/bisect";

const [count = "1", command = "./healthy", ...args] = process.argv.slice(2);
const probes: ProbedPrefix[] = [];
for (;;) {
  const next = nextProbe(Number(count), probes);
  if (next.kind !== "probe") {
    console.log(next.kind === "found" ? `fix ${next.fix} it is` : next.kind);
    break;
  }
  const { prefix, stepsLeft } = next;
  const { status } = spawnSync(command, [...args, String(prefix)]);
  const verdict = status === 0 ? "good" : status === 125 ? "cannot-tell" : "bad";
  probes.push({ prefix, verdict });
  console.log(`with ${prefix} of ${count}: ${verdict}, ${stepsLeft - 1} to go`);
}
