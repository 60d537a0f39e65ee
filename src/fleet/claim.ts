// Who serves a host, or leads: a claim in the name of a session. It needs no renewal of its own, so ten thousand
// hosts cost no more than the sessions of their runners.

import { entryOf, put, type Replica } from "./replica.ts";
import { isAlive, type Sessions, standingOf } from "./sessions.ts";
import type { Command } from "./store.ts";

/** The token, while it is ours and our session is good. */
export function heldToken(
  replica: Replica,
  name: string,
  sessions: Sessions,
  now: number,
): number | undefined {
  const claim = entryOf(replica, "claim", name)?.value;
  return claim?.holder === sessions.me && isAlive(sessions, now) ? claim.token : undefined;
}

/** Takes it where nobody has it, or its holder's session is over. */
export function takeClaim(
  replica: Replica,
  name: string,
  sessions: Sessions,
  now: number,
): { readonly commands: readonly Command[]; readonly unknown: string | undefined } {
  const nothing = { commands: [], unknown: undefined };
  if (!isAlive(sessions, now)) return nothing;
  const claim = entryOf(replica, "claim", name)?.value;
  const holder = claim?.holder;
  if (holder !== undefined) {
    const standing = standingOf(sessions, holder);
    if (standing === "unknown") return { commands: [], unknown: holder };
    if (standing === "alive") return nothing;
  }
  const token = (claim?.token ?? 0) + 1;
  return { ...nothing, commands: put(replica, "claim", name, { holder: sessions.me, token }) };
}
