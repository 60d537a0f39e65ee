import { setTimeout as sleep } from "node:timers/promises";
import type { CallOptions } from "../../host/call-options.ts";
import type { LivepatchHost } from "../../host/host.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { payloadOption } from "../options/payload.ts";
import type { CommandCall, TopCommand } from "../spec.ts";
import { stockList } from "../text/stock.ts";
import { UsageError } from "../usage-error.ts";
import { withHost } from "../with-host.ts";

export const listCommand: TopCommand = {
  name: "list",
  description: [
    "CHECKED is uploaded and verified, APPLIED is in use. A number in parentheses is the error of the last action.",
    "The list is in the order of loading, which is not the order of applying. --stack shows the order of applying, with the functions of each payload. It uses the journal on the host, the metadata of the payloads, and the files that you pass. What cannot be known is shown as unknown.",
  ],
  arguments: [],
  options: [
    { name: "stack", description: "the stack of applied payloads, topmost first" },
    {
      name: "tree",
      description: "the same as a tree, each payload under what it was built for",
    },
    {
      name: "watch",
      description:
        "go on, and show the list again whenever it has changed, until ^C; with --json one document for each change",
      excludes: [
        { option: "stack", because: "only the plain list is watched" },
        { option: "tree", because: "only the plain list is watched" },
      ],
    },
    {
      name: "every",
      value: "SECONDS",
      description: "how often --watch asks",
      default: "2",
      needs: [{ option: "watch", because: "without it the host is asked once" }],
    },
    {
      ...payloadOption,
      needs: [
        {
          option: "stack",
          or: ["tree"],
          because: "the plain list shows only what the host reports",
        },
      ],
    },
  ],
  examples: [
    { command: "xsplice list", explains: "what is loaded here" },
    { command: "xsplice --host ssh:root@dom0 list --json", explains: "elsewhere, for a script" },
    { command: "xsplice list --watch", explains: "and what comes and goes" },
    { command: "xsplice list --stack --tree", explains: "which payload owns which function" },
  ],
  kind: "stock",
  run: (call) =>
    withHost(call, async (host, options) => {
      if (call.options.has("stack") || call.options.has("tree")) await stack(call, host, options);
      else if (call.options.has("watch")) await watch(call, host, options);
      else await plain(call, host, options);
      return ExitCode.success;
    }),
};

async function plain(call: CommandCall, host: LivepatchHost, options: CallOptions): Promise<void> {
  const payloads = await host.list(options);
  emit(call, "list", { payloads }, () => stockList(payloads));
}

/** Until the signal comes: its reason is thrown. */
async function watch(call: CommandCall, host: LivepatchHost, options: CallOptions): Promise<never> {
  const everyMs = readSeconds(call.options.text("every") ?? "2") * 1000;
  const { stdout } = call.io;
  const isScreen = stdout.isTTY === true && call.globals.output === "text";
  for (let shown: string | undefined; ; ) {
    const payloads = await host.list(options);
    const text = stockList(payloads);
    if (text !== shown) {
      // Bytes, which the terminal obeys.
      if (isScreen) stdout.write(Buffer.from("\u001b[H\u001b[J"));
      const at = new Date().toISOString();
      emit(
        call,
        "list",
        { at, payloads },
        () => `${host.label}, ${at}\n${text}${isScreen ? "" : "\n"}`,
      );
      shown = text;
    }
    await sleep(everyMs, undefined, { signal: call.io.signal });
  }
}

function readSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds >= 0.1 && seconds <= 86_400) return seconds;
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot ask every "${text}" seconds`,
    where: "--every",
    expected: "a number from 0.1 to 86400",
  });
}

async function stack(call: CommandCall, host: LivepatchHost, options: CallOptions): Promise<void> {
  const { observeHost } = await import("../../plan/observe.ts");
  const { viewStack } = await import("../../plan/stack-view.ts");
  const { readGivenPayloads } = await import("../options/given-payloads.ts");
  const { renderStack, renderStackTree } = await import("../text/stack.ts");
  const { commandForGoal } = await import("../text/sync.ts");
  const files = await readGivenPayloads(call.options.texts("payload"), call.io.signal);
  const { state, journal } = await observeHost(host, files, options);
  const view = viewStack(state);
  const render = call.options.has("tree") ? renderStackTree : renderStack;
  const { interruptedGoal: goal } = view;
  const continues = goal && commandForGoal(goal, call.globals.host);
  emit(call, "list", { ...view, ...(continues && { continues }), journal }, () =>
    render(view, continues),
  );
}
