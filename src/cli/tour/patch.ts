// The tour's climax: upload, apply, revert, unload, with a look at the hypervisor after each.

import { checkPayloadForHost } from "../../payload/check-for-host.ts";
import { parsePayload } from "../../payload/parse.ts";
import { differingBytes, jumpTarget } from "./code.ts";
import { callOptions, look, type Scene, type Sight, showCode } from "./scene.ts";

const NAME = "tour";
/** Of the new code: as much as is shown. */
const NEW_CODE_BYTES = 16;

export async function uploadPayload(
  scene: Scene,
  { bytes }: { readonly bytes: Uint8Array },
): Promise<void> {
  const { page, host, info } = scene;
  page.step("Check the payload, and upload it");
  const options = callOptions(scene);
  const loaded = await host.list(options);
  checkPayloadForHost(parsePayload(bytes, "tour.livepatch"), { name: NAME, info, loaded });
  page.words(`First xsplice checks the file by itself: that it is for this architecture and this
    build-id, and has nothing in it that would crash this release of Xen. Then Xen gets it,
    puts it into its own memory, connects it with its own functions, and checks it in turn.`);
  page.gap();
  await host.upload(NAME, bytes, options);
  page.fact("state", await stateOf(scene));
  page.fact("version", (await look(scene, scene.target)).version);
  page.gap();
  page.words("The new code is there, and nobody runs it yet: the version is the old one.");
}

export async function applyPayload(scene: Scene): Promise<Sight> {
  const { page, host, target, lab } = scene;
  page.step("Apply it");
  page.words(`No processor may be inside the function while it changes. So all of them are called
    together and stand still for a moment, which is called quiescing. Then a jump to the new code,
    a trampoline, is written over the start of the old function, and all of them go on.`);
  page.gap();
  const outcome = await host.act("apply", NAME, callOptions(scene));
  const seen = await look(scene, target);
  page.fact("done", `in ${outcome.elapsedMs.toFixed(1)} ms, the hypervisor's answer included`);
  page.fact("state", await stateOf(scene));
  page.fact("version", seen.version);
  page.gap();
  page.words("The start of the old function now, and the new one that it jumps to:");
  page.gap();
  await showCode(scene, { address: target.address, bytes: seen.entry });
  page.gap();
  const newCode = jumpTarget(seen.entry, target.address);
  if (newCode !== undefined) {
    const bytes = await lab.readHypervisor(newCode, NEW_CODE_BYTES);
    await showCode(scene, { address: newCode, bytes });
  }
  return seen;
}

export async function revertPayload(scene: Scene): Promise<Sight> {
  const { page, host, target } = scene;
  page.step("Revert it");
  page.words("The same way back: the processors meet, and the old bytes return.");
  page.gap();
  const outcome = await host.act("revert", NAME, callOptions(scene));
  const seen = await look(scene, target);
  page.fact("done", `in ${outcome.elapsedMs.toFixed(1)} ms`);
  page.fact("version", seen.version);
  page.gap();
  await showCode(scene, { address: target.address, bytes: seen.entry });
  page.gap();
  const changed = differingBytes(scene.seen.entry, seen.entry);
  page.words(
    changed === 0
      ? "Every byte is as it was before."
      : `${changed} bytes are not as they were before: this is a bug, please report it.`,
  );
  return seen;
}

export async function removePayload(scene: Scene): Promise<void> {
  const { page, host } = scene;
  page.step("Clean up");
  await host.act("unload", NAME, callOptions(scene));
  page.fact("state", await stateOf(scene));
  page.gap();
  page.words(
    "Xen has forgotten the payload. The emulated computer is switched off and thrown away.",
  );
}

async function stateOf(scene: Scene): Promise<string> {
  const status = await scene.host.status(NAME, callOptions(scene));
  switch (status?.kind) {
    case undefined:
      return "not loaded";
    case "checked":
      return "CHECKED: loaded and verified, not in use";
    case "applied":
      return "APPLIED: in use";
    case "busy":
      return `${status.settled}, and something is under way`;
    case "failed":
      return `${status.settled}, after error ${status.errno}`;
  }
}
