// Whether a payload was built again as it is, in words.

import type { Rebuilt } from "../../rebuild/result.ts";
import { renderFacts } from "./render-facts.ts";

export function renderRebuilt(result: Rebuilt): string {
  const { payload, outcome, sha256, rebuilt, inputs, because } = result;
  const heads = {
    same: `The same: ${payload} is what its inputs make here`,
    differs: `Differs: ${payload} is not what its inputs make here`,
    refused: `Cannot be built here: ${payload}`,
  };
  const differing = inputs.filter(({ same }) => !same);
  const facts: (readonly [string, string | undefined])[] = [
    ["payload", `SHA-256 ${sha256}`],
    ["here", outcome === "differs" ? `SHA-256 ${rebuilt?.sha256}` : undefined],
    ["first at", differenceWords(result)],
    ...because.map((text) => ["because", text] as const),
    ...differing.flatMap(({ input, recorded, here }) => [
      [input, `${here || "none"} here`] as const,
      ["", `${recorded || "none"} in the payload`] as const,
    ]),
    [
      "inputs",
      differing.length > 0
        ? undefined
        : `${inputs.map(({ input }) => input).join(", ")}: as recorded`,
    ],
  ];
  return `${heads[outcome]}\n${renderFacts(facts)}`;
}

function differenceWords({ difference }: Rebuilt): string | undefined {
  if (difference === undefined) return undefined;
  const { section, offset, payload, rebuilt, sizes } = difference;
  const place = section === "" ? "the file" : section;
  const bytes = `${rebuilt || "nothing"} here, ${payload || "nothing"} in the payload`;
  const [ours, theirs] = sizes ?? [];
  const size =
    sizes === undefined ? "" : `; ${theirs ?? "no"} bytes here, ${ours ?? "no"} in the payload`;
  return `${place}+0x${offset.toString(16)}: ${bytes}${size}`;
}
