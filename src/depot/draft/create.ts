// A new depot, and who signs for it: keys come, go and are exchanged. All of it is draft until it is
// published; a root that hosts know has to sign the root that follows it.

import { DepotError } from "../errors.ts";
import { requireChannelName } from "../form.ts";
import { keyIdOf } from "../keys/signer.ts";
import {
  changeDraft,
  createDraft,
  type Draft,
  type DraftRole,
  type TopRole,
  topRoles,
  writeDraft,
} from "./draft.ts";

export interface NewRole {
  readonly keys: readonly string[];
  readonly threshold: number;
  readonly days: number;
}

/** @throws DepotError depot/bad-request */
export function initDepot(
  depot: string,
  roles: Readonly<Record<TopRole, NewRole>>,
  channels: Readonly<Record<string, NewRole>>,
  rebuilt: readonly string[] = [],
): void {
  for (const name of Object.keys(channels)) requireChannelName(name);
  for (const [name, role] of Object.entries({ ...roles, ...channels }))
    requireThreshold(name, role);
  const made = Object.entries(channels).map(([name, role]) => {
    return [name, { role, bases: {}, rebuilt: rebuilt.includes(name) }];
  });
  createDraft(depot, { format: 1, roles, channels: Object.fromEntries(made), bases: {} });
}

export function roleOfDraft(draft: Draft, name: string): DraftRole {
  const top = topRoles.find((role) => role === name);
  const role = top === undefined ? draft.channels[name]?.role : draft.roles[top];
  if (role !== undefined) return role;
  throw new DepotError({
    code: "depot/bad-request",
    problem: `Cannot find the role "${name}"`,
    expected: `one of ${[...topRoles, ...Object.keys(draft.channels)].join(", ")}`,
  });
}

export interface KeyChange {
  readonly role: string;
  readonly add: readonly string[];
  /** Ids, or their beginnings; "all" for each one that the role has. */
  readonly remove: readonly string[] | "all";
  readonly threshold: number | undefined;
}

/** @returns ids of the keys that are gone. @throws DepotError depot/bad-request */
export function changeKeys(depot: string, change: KeyChange): Promise<readonly string[]> {
  return changeDraft(depot, (draft) => {
    const role = roleOfDraft(draft, change.role);
    const gone =
      change.remove === "all"
        ? role.keys
        : change.remove.map((word) => findKey(role, change.role, word));
    const kept = role.keys.filter((key) => !gone.includes(key));
    const threshold = change.threshold ?? role.threshold;
    const after = { ...role, keys: [...new Set([...kept, ...change.add])], threshold };
    requireThreshold(change.role, after);
    writeDraft(depot, withRole(draft, change.role, after));
    return gone.map(keyIdOf);
  });
}

function findKey({ keys }: DraftRole, role: string, word: string): string {
  const found = keys.filter((key) => word.length >= 6 && keyIdOf(key).startsWith(word));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw new DepotError({
    code: "depot/bad-request",
    problem: `Cannot find the key "${word}" in the role ${role}`,
    expected: `one of, or six digits at least of\n${keys.map(keyIdOf).join("\n")}`,
  });
}

function requireThreshold(name: string, { keys, threshold }: NewRole): void {
  if (threshold >= 1 && new Set(keys).size >= threshold) return;
  throw new DepotError({
    code: "depot/bad-request",
    problem: `Cannot let ${threshold} of ${keys.length} keys sign for ${name}`,
    expected: "at least as many keys as have to sign, and one that has to",
  });
}

function withRole(draft: Draft, name: string, role: DraftRole): Draft {
  const channel = draft.channels[name];
  if (channel === undefined) return { ...draft, roles: { ...draft.roles, [name]: role } };
  return { ...draft, channels: { ...draft.channels, [name]: { ...channel, role } } };
}
