import { setTimeout as sleep } from "node:timers/promises";
import type { BisectEffects, BisectReport } from "../../bisect/bisect.ts";
import { BisectError } from "../../bisect/errors.ts";
import type { MoveOptions } from "../../bisect/move-host.ts";
import type { BisectRecord, BisectSubject } from "../../bisect/record.ts";
import type { BuildOptions } from "../../builder/build-options.ts";
import { toHex } from "../../bytes/hex.ts";
import { sha256 } from "../../bytes/sha256.ts";
import type { CallOptions } from "../../host/call-options.ts";
import type { LivepatchHost } from "../../host/host.ts";
import { readRecord, removeRecord, writeRecord } from "../bisect-record-file.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { readActOptions } from "../options/action.ts";
import {
  type BisectCallOptions,
  bisectOptionSpecs,
  readBisectOptions,
  readCheck,
} from "../options/bisect.ts";
import { readBuildOptions } from "../options/build.ts";
import { checkXenSyms } from "../options/wish.ts";
import { policingOf } from "../policy/policing.ts";
import type { CommandCall, TopCommand } from "../spec.ts";
import { namedFixes, renderBisection, renderEvent } from "../text/bisect.ts";
import { withJournalledHost } from "../with-host.ts";

/** Between two looks whether the host is free. */
const LOCK_PAUSE_MS = 100;

export const bisectCommand: TopCommand = {
  name: "bisect",
  description: [
    "Builds cumulative payloads from the first N fixes of a series, applies them one after the other on the running host with replace, without a reboot, and runs the check on each: first with all fixes and with none, then in the middle of what is left. Before each replace, it probes whether the host's code is what the payload expects.",
    "Prefixes that cannot be built or that the hypervisor refuses are skipped, and so are prefixes that cannot be tested (the check exits 125); if so, the remaining suspects are listed.",
    "At the end, also after ^C or a failure, the host is restored. The state of the search is kept in a file: --resume continues it, also after a kill, and --abandon only restores the host. During the search the host lacks fixes; with none of them it is as it was booted.",
    "The check can read the host from XSPLICE_HOST, and the number of applied fixes from XSPLICE_BISECT_PREFIX.",
  ],
  arguments: [],
  options: bisectOptionSpecs,
  examples: [
    {
      command:
        "xsplice bisect --series fixes --check ./healthy --source xen --xen-syms xen-syms --config config",
      explains: "which fix makes ./healthy fail?",
    },
    {
      command: "xsplice --host ssh:root@dom0 bisect --abandon",
      explains: "after a kill: restore the host, and delete the state",
    },
  ],
  kind: "own",
  run: async (call) => {
    const options = await readBisectOptions(call);
    const record = await readRecord(options.statePath);
    requireFitting(record, options);
    if (options.purpose === "abandon" && record !== undefined) {
      return abandon(call, options, record);
    }
    const { conclusion, record: found } = await search(call, options, record);
    await removeRecord(options.statePath);
    const { fixes } = found.subject;
    const named = namedFixes(conclusion, fixes).map(({ name }) => name);
    const document = { conclusion, fixes: named, host: call.globals.host, ...found };
    emit(call, "bisect", document, () => renderBisection({ conclusion, record: found }));
    return conclusion.kind === "found" ? ExitCode.success : ExitCode.unnamed;
  },
};

/** @throws BisectError when there is a record and should be none, or the other way round */
function requireFitting(
  record: BisectRecord | undefined,
  { purpose, statePath }: BisectCallOptions,
): void {
  if ((record === undefined) === (purpose === "begin")) return;
  if (record === undefined) {
    throw new BisectError({
      code: "bisect/nothing-to-resume",
      problem: `Cannot ${purpose === "resume" ? "go on" : "abandon"}: no bisection was interrupted`,
      where: statePath,
      expected: "the file that an interrupted bisection leaves (--state)",
    });
  }
  throw new BisectError({
    code: "bisect/unfinished",
    problem: "Cannot begin: an earlier bisection was interrupted",
    where: statePath,
    remedy: "--resume it with the options that it was begun with, or --abandon it",
  });
}

async function abandon(
  call: CommandCall,
  { files, freshData, statePath }: BisectCallOptions,
  { origin, subject }: BisectRecord,
): Promise<number> {
  await withLockedHost(call, async (host, callOptions) => {
    const { restoreHost } = await import("../../bisect/bisect.ts");
    const options = moveOptions(call, callOptions, freshData);
    // After a reboot there is nothing to put back.
    if ((await host.info(callOptions)).bootId !== origin.bootId) return;
    await restoreHost(host, { origin, files }, effectsOnEvent(call, subject), options);
  });
  await removeRecord(statePath);
  emit(
    call,
    "bisect",
    { abandoned: true, stack: origin.stack },
    () => "The host is as it was found.\n",
  );
  return ExitCode.success;
}

async function search(
  call: CommandCall,
  { files, freshData, statePath }: BisectCallOptions,
  record: BisectRecord | undefined,
): Promise<BisectReport> {
  const { io, globals } = call;
  policingOf(call).forbidUnsigned(
    "what a bisection builds has none",
    "search in a lab (xsplice lab up), where no policy counts",
  );
  const check = readCheck(call);
  const say = (text: string) => void (globals.output === "text" && io.stderr.write(text));
  const { options: series } = await readBuildOptions(call, (text) => say(`  ${text}\n`));
  const subject = await subjectOf(series, check);
  const [{ bisectSeries }, { buildPrefix }, { runCheck }] = await Promise.all([
    import("../../bisect/bisect.ts"),
    import("../bisect-build.ts"),
    import("../bisect-check.ts"),
  ]);
  const effects: BisectEffects = {
    build: (prefix) => buildPrefix(series, prefix),
    check: (prefix) =>
      runCheck(
        {
          command: check,
          environment: { XSPLICE_HOST: globals.host, XSPLICE_BISECT_PREFIX: String(prefix) },
          onOutput: globals.output === "text" ? (chunk) => io.stderr.write(chunk) : undefined,
        },
        io,
      ),
    save: (known) => writeRecord(statePath, known),
    now: () => performance.now(),
    ...effectsOnEvent(call, subject),
  };
  return withLockedHost(call, async (host, callOptions) => {
    checkXenSyms({ xenSymsId: subject.xenBuildId }, (await host.info(callOptions)).buildId);
    const options = moveOptions(call, callOptions, freshData);
    return bisectSeries(host, { subject, record, files }, effects, options);
  });
}

function moveOptions(
  call: CommandCall,
  callOptions: CallOptions,
  freshData: MoveOptions["freshData"],
): MoveOptions {
  return { ...readActOptions(call, callOptions), freshData, pause: (ms) => sleep(ms) };
}

/** Neither a sync nor another bisection may move the host meanwhile. */
async function withLockedHost<Result>(
  call: CommandCall,
  use: (host: LivepatchHost, options: CallOptions) => Promise<Result>,
): Promise<Result> {
  const { lockHost } = await import("../../sync/lock.ts");
  return withJournalledHost(call, async (host, options) => {
    const { deadlineMs } = options;
    const locked = await lockHost(host, { deadlineMs, pause: () => sleep(LOCK_PAUSE_MS) });
    for (const note of locked.notes) call.io.stderr.write(`warning: ${note}\n`);
    try {
      return await use(host, options);
    } finally {
      await locked.release();
    }
  });
}

function effectsOnEvent(
  { io, globals }: CommandCall,
  { fixes }: BisectSubject,
): Pick<BisectEffects, "onEvent"> {
  return {
    onEvent: (event) => {
      if (globals.output === "text") io.stderr.write(renderEvent(event, fixes.length));
    },
  };
}

async function subjectOf(
  { inputs: { patches, xenSyms } }: BuildOptions,
  check: string,
): Promise<BisectSubject> {
  const { readXenSyms } = await import("../../running/xen-syms.ts");
  return {
    fixes: patches.map(({ name, bytes }) => {
      return { name, digest: sha256(bytes) };
    }),
    check,
    xenBuildId: toHex(readXenSyms(xenSyms.bytes, xenSyms.name).buildId),
  };
}
