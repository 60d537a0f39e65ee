// A lab with the Xen of the corpus and its source, for tests that build fixes of it and ask what they do. Not
// a test.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { type CorpusSource, fetchCorpusSource } from "./build-corpus-source.ts";
import { act, type Bench, compile, openBench } from "./compile-bench.ts";
import { actOptions, call } from "./host-under-test.ts";

export interface CorpusBench {
  readonly source: CorpusSource;
  readonly bench: Bench;
}

/** For the `describe()` around it: opened before its tests and closed after them. */
export function useCorpusBench(): () => CorpusBench {
  let opened: CorpusBench | undefined;
  before(async () => {
    const source = await fetchCorpusSource();
    opened = { source, bench: await openBench("4.17") };
  });
  after(() => opened?.bench.close());
  return () => {
    assert.ok(opened, "the lab is not up yet");
    return opened;
  };
}

/** Applied whatever lies below: some payloads depend on the hypervisor alone. */
export async function applyAnywhere({ host }: Bench, name: string): Promise<void> {
  const options = { ...actOptions, dependencyCheck: "hypervisor-only" } as const;
  assert.equal((await host.act("apply", name, options)).result, "done", name);
}

/** What Xen's console says while a hook calls grant_table_warn_active_grants() for dom0. */
export async function warnOfGrants(bench: Bench): Promise<string> {
  const trigger = await compile(
    bench,
    `extern void *hardware_domain;
     void grant_table_warn_active_grants(void *d);
     static void go(void) { grant_table_warn_active_grants(hardware_domain); }
     XSPLICE_HOOK_LOAD(go)`,
  );
  const { end } = await bench.client.readConsole();
  await bench.host.upload("trigger", trigger.bytes, call);
  await applyAnywhere(bench, "trigger");
  await act(bench, "trigger", "revert", "unload");
  return (await bench.client.readConsole(end)).text;
}
