// Words that all sources share.

import { DepotError } from "../errors.ts";

export function tooLong(place: string, path: string, maxLength: number): DepotError {
  return new DepotError({
    code: "depot/not-trusted",
    problem: `Cannot use "${path}" of the depot: it is longer than it may be`,
    where: place,
    expected: `${maxLength} bytes at most; no more was read`,
    remedy:
      "somebody between the depot and here may be evil, or the copy is broken: try another mirror",
  });
}

export function unreachable(
  place: string,
  path: string,
  state: string,
  cause?: unknown,
  remedy = "try it again later, or from another mirror",
): DepotError {
  return new DepotError(
    {
      code: "depot/unreachable",
      problem: `Cannot read "${path}" of the depot: ${state}`,
      where: place,
      expected: "a depot that answers",
      remedy: `${remedy}; nothing was changed`,
    },
    { cause },
  );
}
