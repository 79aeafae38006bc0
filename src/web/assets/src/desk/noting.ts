// Which referrals were sent under a consent stands in its paper, and nowhere else. What could not be noted yet is kept on the device and
// tried again: without it nobody here would find the referral by the person.

import type { Store } from "../gateway/store.ts";
import type { ConsentBody } from "./consents.ts";
import { Problem } from "./hub.ts";
import { type Keeper, find, keep } from "./papers.ts";

/** A referral, and the paper of the consent it was sent under. */
export interface Noted {
  paper: string;
  referral: string;
}

const UNNOTED = "unnoted ";

/** Keeps in mind that a referral is still to be noted. */
export const toNote = (store: Store, { paper, referral }: Noted): Promise<void> => store.put(UNNOTED + referral, { paper, referral } satisfies Noted);

/** Writes a referral into the paper of its consent; once more where somebody else changed the paper meanwhile. */
async function write(keeper: Keeper, { paper, referral }: Noted): Promise<void> {
  for (let isFirst = true; ; isFirst = false) {
    const found = await find<ConsentBody>(keeper, "consent", paper);
    const before = found.body.referrals ?? [];
    if (before.includes(referral)) return;
    try {
      await keep(keeper, "consent", { ...found.body, referrals: [...before, referral] }, found);
      return;
    } catch (error) {
      if (!isFirst || !(error instanceof Problem) || error.code !== "custody.changed") throw error;
    }
  }
}

/** Notes a referral, and forgets that it was to be noted. Where the paper is gone there is nothing to note it in. */
export async function note(keeper: Keeper, one: Noted): Promise<void> {
  try {
    await write(keeper, one);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
  }
  await keeper.store.remove(UNNOTED + one.referral);
}

/** Tries again what could not be noted. Whatever fails stays for the next time, and keeps nobody from their work. */
export async function noteAll(keeper: Keeper): Promise<void> {
  for (const name of (await keeper.store.names()).filter((one) => one.startsWith(UNNOTED))) {
    const one = (await keeper.store.get(name)) as Noted | undefined;
    if (one === undefined) continue;
    try {
      await note(keeper, one);
    } catch (error) {
      if (error instanceof Problem && (error.isPassing || error.status === 401)) return;
    }
  }
}
