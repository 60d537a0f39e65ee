// Is FILE a payload? Errors are told apart by their code, and shown to people as the command line does.
import { readFileSync } from "node:fs";
import { formatReport, XspliceError } from "xsplice/error";
import { parsePayload } from "xsplice/payload";

const [path = "fix.livepatch"] = process.argv.slice(2);
try {
  const payload = parsePayload(readFileSync(path), path);
  console.log(`${path} is sound, for hypervisor ${payload.xenDepends ?? "unknown"}`);
} catch (error) {
  if (!(error instanceof XspliceError)) throw error; // Not the file's fault.
  const { code } = error.report;
  console.log(code.startsWith("elf/") ? "No ELF file, or a damaged one." : `Refused: ${code}.`);
  console.log(formatReport(error.report));
  process.exitCode = 1;
}
