// Sending what was sealed here and could not go: by itself, as soon as the hub is there again. The same packet again gets the same receipt, so
// nothing is sent twice, whichever window was faster and whether or not an answer got lost.

import type { Store } from "../gateway/store.ts";
import { sent } from "./drafts.ts";
import { handIn } from "./handing.ts";
import { Problem } from "./hub.ts";
import { toNote } from "./noting.ts";
import { nodeKey } from "./trust.ts";
import { type Waiting, forget, refuse, waitingOf } from "./waiting.ts";

/** What windows of this device agree on by: one of them sends. */
const LOCK = "throughline sending";

/** Whether the packet itself was not judged: the hub was not reached or busy, or the session had ended. */
export const mayBeTriedAgain = (problem: Problem): boolean => problem.isPassing || problem.status === 401;

/** Hands one in. What is kept of it on the device goes when the hub has given its receipt, and not before. */
export async function handOver(store: Store, one: Waiting): Promise<void> {
  await handIn(one, () => nodeKey(store));
  await settle(store, one);
}

/**
 * What becomes of the things of this device when one was taken. A page may be gone after any of these, so what waits goes last: while it lies
 * there it is handed in again, which changes nothing, and the rest is done then. A draft that outlived it would be offered to be sent anew.
 */
export async function settle(store: Store, one: Waiting): Promise<void> {
  await toNote(store, one);
  if (one.draft !== undefined) await sent(store, one.draft, one.at);
  await forget(store, one.packet);
}

/** Sends what waits, as far as it goes; answers what went. What the hub refuses stays, and is left to whoever wrote it. */
export async function sendAll(store: Store): Promise<Waiting[]> {
  const gone: Waiting[] = [];
  await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
    if (lock === null) return;
    for (const one of (await waitingOf(store)).filter(({ refused }) => refused !== true)) {
      try {
        await handOver(store, one);
        gone.push(one);
      } catch (error) {
        if (error instanceof Problem && mayBeTriedAgain(error)) return;
        await refuse(store, one);
      }
    }
  });
  return gone;
}
