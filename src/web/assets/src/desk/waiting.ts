// Letters that were sealed on this device and could not be sent yet: one entry for each, so that two windows never write over each other's.

import type { Store } from "../gateway/store.ts";

/** A packet that was sealed here, and what is told of it until it is gone. */
export interface Waiting {
  packet: string;
  referral: string;
  to: string;
  service: string;
  at: number;
  body: string;
  envelope: string;
  paper: string;
  /** The draft it was made of. Until it is sent the draft stays, for the case that the hub refuses it. */
  draft?: string;
  /** Whether the hub refused it, so that it is not tried again by itself. */
  refused?: true;
}

/** What the names of their entries begin with. */
export const WAITING = "waiting ";
/** Where all of them lay in one list before. */
const FORMER = "waiting packets";

export const remember = (store: Store, one: Waiting): Promise<void> => store.put(WAITING + one.packet, one);

export const forget = (store: Store, packet: string): Promise<void> => store.remove(WAITING + packet);

/** Notes that the hub refused one. Another window may have been faster, and then there is nothing to note. */
export async function refuse(store: Store, one: Waiting): Promise<void> {
  await store.change(WAITING + one.packet, (before) => (before === undefined ? undefined : ({ ...one, refused: true } satisfies Waiting)));
}

/** Those that wait, oldest first. */
export async function waitingOf(store: Store): Promise<Waiting[]> {
  const former = (await store.get(FORMER)) as Waiting[] | undefined;
  if (former !== undefined) {
    for (const one of former) await remember(store, one);
    await store.remove(FORMER);
  }
  const found: Waiting[] = [];
  for (const name of (await store.names()).filter((one) => one.startsWith(WAITING) && one !== FORMER)) {
    const one = (await store.get(name)) as Waiting | undefined;
    if (one !== undefined) found.push(one);
  }
  return found.sort((one, other) => one.at - other.at);
}
