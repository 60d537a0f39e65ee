import { makePlan } from "../../plan/plan.ts";
import { sealPlan } from "../../plan/plan-json.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { checkUploads } from "../options/given-payloads.ts";
import { checkXenSyms, readWish, wishForHost, wishOptions } from "../options/wish.ts";
import type { TopCommand } from "../spec.ts";
import { renderPlan, renderRefusal } from "../text/plan.ts";
import { withHost } from "../with-host.ts";

export const planCommand: TopCommand = {
  name: "plan",
  description: [
    "Changes nothing. Shows for each step what happens to every function, and between which steps a fix is missing, if at all.",
    "Keeps every fix that stays in force throughout, if that is possible; among such plans, takes the one with the fewest rendezvous of all CPUs. --to accepts payloads in any order; their dependencies decide.",
    '"xsplice sync --plan" reads the output of --json.',
  ],
  arguments: [],
  options: wishOptions({
    goalBesides: [],
    xenSyms: "the hypervisor's symbols, to see if two names are one function",
  }),
  examples: [
    {
      command: "xsplice plan --to all-fixes.livepatch",
      explains: "from what is applied now to this one payload",
    },
    {
      command: "xsplice --host ssh:root@dom0 plan --revert fix2 --payload fix3.livepatch",
      explains: "remove one from the middle, and apply those above again",
    },
  ],
  kind: "own",
  run: async (call) => {
    const read = await readWish(call);
    return withHost(call, async (host, options) => {
      const { observeHost } = await import("../../plan/observe.ts");
      const { state, info } = await observeHost(host, read.files, options);
      checkXenSyms(read, state.xenBuildId);
      const { wish, passedOver } = wishForHost(read, state.xenBuildId);
      for (const one of passedOver) call.io.stderr.write(`Note: ${one}.\n`);
      const planned = makePlan(state, wish, read.options);
      if (planned.kind === "refused") {
        const { obstacles } = planned;
        emit(call, "plan", { refused: obstacles }, () => renderRefusal(obstacles));
        return ExitCode.refused;
      }
      checkUploads(planned.plan, read.files, info);
      emit(call, "plan", sealPlan(planned.plan, read.files), () => renderPlan(planned.plan, state));
      return ExitCode.success;
    });
  },
};
