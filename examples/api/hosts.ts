// Which of several hosts run a payload: local, lab:NAME, ssh:USER@HOST, each by its address.
import { XspliceError } from "xsplice/error";
import { openHost } from "xsplice/hosts";

const [payload = "fix", ...addresses] = process.argv.slice(2);
const options = { deadlineMs: 10_000, signal: AbortSignal.timeout(30_000) };
await Promise.all(
  addresses.map(async (address) => {
    try {
      await using host = await openHost(address, options);
      const [info, status] = await Promise.all([host.info(options), host.status(payload, options)]);
      const { major, minor, extra } = info.version;
      console.log(
        `${address}: Xen ${major}.${minor}${extra}, ${payload} is ${status?.kind ?? "not loaded"}`,
      );
    } catch (error) {
      if (!(error instanceof XspliceError)) throw error;
      console.log(`${address}: ${error.report.problem}`);
    }
  }),
);
