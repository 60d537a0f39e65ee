// A host that takes no bytes that a policy does not let through: by an upload, or by what is kept for its next boot.

import type { BootStore } from "../../host/boot-store.ts";
import type { CallOptions } from "../../host/call-options.ts";
import type { LivepatchHost } from "../../host/host.ts";

export interface Upload {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Throws where something may not be uploaded. */
export type Permit = (
  host: LivepatchHost,
  uploads: readonly Upload[],
  options: CallOptions,
) => Promise<void>;

export function guarded(host: LivepatchHost, permit: Permit): LivepatchHost {
  const upload: LivepatchHost["upload"] = async (name, bytes, options) => {
    if (!(await isProbe(name, bytes))) await permit(host, [{ name, bytes }], options);
    await host.upload(name, bytes, options);
  };
  const keep = async (
    store: BootStore,
    ...[set, options]: Parameters<BootStore["keep"]>
  ): ReturnType<BootStore["keep"]> => {
    // Of others the host has the file already, or nobody has.
    const files = [...(set.applied ?? []), ...set.idle].flatMap(({ name, bytes }) =>
      bytes === undefined ? [] : { name, bytes },
    );
    await permit(host, files, options);
    return store.keep(set, options);
  };
  const { boot } = host;
  const store =
    boot && instead(boot, "keep", (...call: Parameters<BootStore["keep"]>) => keep(boot, ...call));
  return instead(instead(host, "upload", upload), "boot", store);
}

/** The same object, but for one of its properties. Private fields are those of the object itself. */
function instead<Of extends object, Key extends keyof Of>(
  whole: Of,
  replaced: Key,
  by: Of[Key],
): Of {
  return new Proxy(whole, {
    get: (target, key) => {
      if (key === replaced) return by;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** What xSplice makes to compare code. By its name it has to be one, and by its bytes nothing of it can run or be written. */
async function isProbe(name: string, bytes: Uint8Array): Promise<boolean> {
  const [{ PROBE_NAME_PREFIX }, { parsePayload }] = await Promise.all([
    import("../../probe/probe.ts"),
    import("../../payload/parse.ts"),
  ]);
  if (!name.startsWith(PROBE_NAME_PREFIX)) return false;
  const { functions, hooks, sections, specialTables } = parsePayload(bytes, name);
  return (
    functions.every(({ kind }) => kind === "guard") &&
    hooks.length === 0 &&
    specialTables.length === 0 &&
    sections.every(({ loaded }) => loaded !== "code")
  );
}
