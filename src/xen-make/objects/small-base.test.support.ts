// The prepared base of the small source, for tests of what is made from one.

import { type Base, openBase, seeingBase } from "../base.ts";
import { makeSmallXen, type SmallXen } from "../small-xen.test.support.ts";
import { readSourceTree } from "../source-tree.ts";
import { Timings } from "../timings.ts";
import { findMakeTools, type MakeTools } from "../tools.ts";

export interface SmallBase {
  readonly xen: SmallXen;
  readonly base: Base;
  readonly tools: MakeTools;
}

export async function openSmallBase(t: Parameters<typeof makeSmallXen>[0]): Promise<SmallBase> {
  const xen = makeSmallXen(t);
  const { inputs, run } = xen.request({});
  const tools = await findMakeTools({ ...run, architecture: inputs.architecture });
  const base = await openBase({
    source: readSourceTree(inputs.source),
    config: inputs.config,
    tools,
    cache: xen.cache,
    jobs: 2,
    timings: new Timings(),
    onProgress: () => {},
  });
  return { xen, base, tools: seeingBase(tools, base) };
}
