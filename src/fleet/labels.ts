// Labels of hosts, and selectors: which hosts a roll-out is for. A selector is a list of terms that all have
// to hold: `pool=a`, `site=fra|ams`, `role!=database`, `canary` (has that label), `!canary`. `all` is every
// host; an empty selector is an error, so that a forgotten variable in a script does not select the fleet.

import { FleetError } from "./errors.ts";

export type Labels = Readonly<Record<string, string>>;

export interface FleetHost {
  readonly id: string;
  readonly labels: Labels;
}

type Term =
  | { readonly kind: "is"; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: "is-not"; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: "has"; readonly key: string }
  | { readonly kind: "has-not"; readonly key: string };

/** All terms hold; none at all for `all`. */
export type Selector = readonly Term[];

const KEY = /^[a-z][a-z0-9._-]{0,62}$/;
const VALUE = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const HOST_ID = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$/;

/** @throws FleetError fleet/bad-request */
export function parseSelector(text: string): Selector {
  if (text.trim() === "all") return [];
  return text.split(",").map((part) => parseTerm(part.trim(), text));
}

/**
 * In the order of their ids, so that the same fleet gives the same list.
 * @throws FleetError fleet/unknown-label, fleet/nothing-selected
 */
export function selectHosts<Host extends FleetHost>(
  hosts: Iterable<Host>,
  selector: Selector,
): readonly Host[] {
  const all = [...hosts];
  for (const { key } of selector) requireKnown(key, all);
  const found = all.filter(({ labels }) => selector.every((term) => holds(term, labels)));
  if (found.length > 0) return found.sort((one, other) => compareText(one.id, other.id));
  throw new FleetError({
    code: "fleet/nothing-selected",
    problem: `Cannot select hosts by "${formatSelector(selector)}": no host fits`,
    expected: `at least one of the ${all.length} hosts of the fleet`,
    remedy: "xsplice fleet host list shows each host with its labels",
  });
}

/** @throws FleetError fleet/bad-request */
export function requireLabels(labels: Labels): void {
  for (const [key, value] of Object.entries(labels)) {
    if (!KEY.test(key))
      throw badWord("label", key, "a small letter, then small letters, digits, . _ -");
    if (!VALUE.test(value)) throw badWord("value of a label", value, "letters, digits, . _ -");
  }
}

/** @throws FleetError fleet/bad-request */
export function requireHostId(id: string): void {
  if (!HOST_ID.test(id))
    throw badWord("host", id, "letters, digits, . _ -, as in xen1.example.org");
}

export function formatSelector(selector: Selector): string {
  if (selector.length === 0) return "all";
  const words = selector.map((term) => {
    if (term.kind === "has") return term.key;
    if (term.kind === "has-not") return `!${term.key}`;
    const { key, values } = term;
    return `${key}${term.kind === "is" ? "=" : "!="}${values.join("|")}`;
  });
  return words.join(",");
}

/** Not by the locale of the machine: every controller has to come to the same order. */
export function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function parseTerm(part: string, selector: string): Term {
  const [, denied, key = "", operator, list = ""] = /^(!?)([^!=]*)(?:(!?=)(.*))?$/.exec(part) ?? [];
  const values = list.split("|");
  const isWhole =
    operator === undefined || (denied === "" && values.every((one) => VALUE.test(one)));
  if (!KEY.test(key) || !isWhole) {
    throw new FleetError({
      code: "fleet/bad-request",
      problem: `Cannot read the selector "${selector}": "${part}" is not a term`,
      expected:
        "pool=a, site=fra|ams, role!=database, canary or !canary, with commas between; or all",
    });
  }
  if (operator === undefined) return { kind: denied === "!" ? "has-not" : "has", key };
  return { kind: operator === "=" ? "is" : "is-not", key, values };
}

function holds(term: Term, labels: Labels): boolean {
  const value = Object.hasOwn(labels, term.key) ? labels[term.key] : undefined;
  switch (term.kind) {
    case "has":
      return value !== undefined;
    case "has-not":
      return value === undefined;
    case "is":
      return value !== undefined && term.values.includes(value);
    case "is-not":
      return value === undefined || !term.values.includes(value);
  }
}

/** `pol!=a` would hold for every host: a slip in a label must not widen a roll-out. */
function requireKnown(key: string, hosts: readonly FleetHost[]): void {
  if (hosts.some(({ labels }) => Object.hasOwn(labels, key))) return;
  const known = [...new Set(hosts.flatMap(({ labels }) => Object.keys(labels)))].sort(compareText);
  throw new FleetError({
    code: "fleet/unknown-label",
    problem: `Cannot select hosts by the label "${key}": no host has it`,
    expected: known.length === 0 ? "hosts with labels; none has any" : `one of ${known.join(", ")}`,
    remedy: "xsplice fleet host list shows each host with its labels",
  });
}

function badWord(what: string, word: string, expected: string): FleetError {
  return new FleetError({
    code: "fleet/bad-request",
    problem: `Cannot use "${word}" as a ${what}`,
    expected,
  });
}
