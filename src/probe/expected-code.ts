// The code that a payload expects on a host: the expectations of all entries of its function table,
// guards and others, as bytes of named functions.

import { hexNumber } from "../bytes/hex.ts";
import { readCoverLabel } from "../payload/emit/required-markers.ts";
import type { Payload, PayloadFunction } from "../payload/payload.ts";
import { ProbeError } from "./errors.ts";

/** One expectation. */
export interface ExpectedBytes {
  /** A symbol of Xen, or of another payload. */
  readonly symbol: string;
  /** Offset from the symbol, in bytes; negative where a payload exports no better label. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** The payload's own label, where the symbol does not explain enough: a cover (payload/marker.ts). */
  readonly label?: string;
}

/**
 * In the order in which Xen compares them.
 * @throws ProbeError probe/unsafe
 */
export function expectedBytesOf(payload: Payload): readonly ExpectedBytes[] {
  const bare = payload.functions.find(
    ({ expectation, oldAddress }) => expectation !== undefined && oldAddress.kind === "address",
  );
  if (bare !== undefined) throw atBareAddress(bare, payload.source);
  return namedBytesOf(payload);
}

/** Without the payload's own code, which the host does not have yet. */
function namedBytesOf({ functions }: Payload): readonly ExpectedBytes[] {
  return functions.flatMap(({ name, oldAddress, expectation: bytes }): ExpectedBytes[] => {
    if (bytes === undefined || bytes.length === 0) return [];
    if (oldAddress.kind === "symbol") {
      const { symbol, addend } = oldAddress;
      const isCover = name !== undefined && readCoverLabel(name) !== undefined;
      return [{ symbol, offset: Number(addend), bytes, ...(isCover ? { label: name } : {}) }];
    }
    if (oldAddress.kind !== "name" || name === undefined) return [];
    return [{ symbol: name, offset: 0, bytes }];
  });
}

function atBareAddress({ name, oldAddress }: PayloadFunction, source: string): ProbeError {
  const address = oldAddress.kind === "address" ? hexNumber(oldAddress.address) : "";
  return new ProbeError({
    code: "probe/unsafe",
    problem: `Cannot probe for "${source}": it compares code at the bare address ${address}`,
    where: `entry "${name ?? ""}" of its function table`,
    expected: "places given by symbols, so that Xen itself knows that there is code",
    remedy: "rebuild the payload with `xsplice build` or `xsplice compile`",
  });
}

/** The bytes that a payload expects of one function, by their offset. */
export type ExpectedFunction = ReadonlyMap<number, number>;

/** Empty for a payload without a file. */
export function expectedFunctionsOf(
  payload: Payload | undefined,
): ReadonlyMap<string, ExpectedFunction> {
  const functions = new Map<string, Map<number, number>>();
  for (const { symbol, offset, bytes } of payload === undefined ? [] : namedBytesOf(payload)) {
    const known = functions.get(symbol) ?? new Map<number, number>();
    functions.set(symbol, known);
    for (const [index, byte] of bytes.entries()) known.set(offset + index, byte);
  }
  return functions;
}
