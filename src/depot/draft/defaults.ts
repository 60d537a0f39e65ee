// How long a signature is believed, in days, unless told otherwise: what is signed by hand lasts longer than
// what a timer signs.

export const defaultDays = {
  root: 365,
  targets: 365,
  snapshot: 30,
  timestamp: 7,
  channel: 90,
} as const;
