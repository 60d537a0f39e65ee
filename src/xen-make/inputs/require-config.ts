// Whether a configuration can be that of the hypervisor, before make is started with it.

import { BuildError } from "../../build-outcome/build-error.ts";
import { parseConfig } from "../config.ts";
import type { MakeTools } from "../tools.ts";

interface NamedConfig {
  readonly name: string;
  readonly text: string;
}

/** What a configuration that was made for one architecture says, and no other has. */
const architectureSettings = [
  ["CONFIG_X86_64", "x86_64"],
  ["CONFIG_ARM_64", "arm64"],
] as const;

/** @throws BuildError build/bad-config */
export function requireXenConfig(
  { name, text }: NamedConfig,
  tools: Pick<MakeTools, "variables">,
): void {
  const settings = parseConfig(text);
  const [, given] = architectureSettings.find(([setting]) => settings.has(setting)) ?? [];
  const wanted = architectureSettings
    .map(([, architecture]) => architecture)
    .find((one) => {
      return tools.variables.includes(`XEN_TARGET_ARCH=${one}`);
    });
  const problem =
    settings.size === 0
      ? "it sets nothing"
      : settings.get("CONFIG_LIVEPATCH") !== "y"
        ? "it has no CONFIG_LIVEPATCH=y, so a hypervisor built with it takes no payload"
        : given !== undefined && given !== wanted
          ? `it is for ${given}, and the hypervisor is for ${wanted}`
          : undefined;
  if (problem === undefined) return;
  throw new BuildError({
    code: "build/bad-config",
    problem: `Cannot build with configuration "${name}": ${problem}`,
    expected: "the .config that the hypervisor was built with",
    remedy: "Debian installs it beside the hypervisor, as /boot/xen-VERSION.config",
  });
}
