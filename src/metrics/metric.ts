// One metric: a name with its meaning, and a value for each set of labels.

export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric of one value without labels. */
export function single(name: string, help: string, value: number): Metric {
  return { name, help, samples: [{ labels: {}, value }] };
}

/**
 * Which one of `states` holds: 1 for it, 0 for each other one. So a series does not end when the state
 * changes, and an alert can ask how long a state has lasted.
 */
export function oneOf<State extends string>(
  states: readonly State[],
  current: State,
  labels: Sample["labels"] = {},
  label = "state",
): readonly Sample[] {
  return states.map((state) => ({
    labels: Object.assign({}, labels, { [label]: state }),
    value: state === current ? 1 : 0,
  }));
}

/** Prometheus has all times in seconds since 1970. */
export function secondsOf(time: Date): number {
  return time.getTime() / 1000;
}
