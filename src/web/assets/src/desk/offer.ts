// What the pages of one service carry for their scripts: the service, the two organisations, and the part of the policy they are judged by.

import type { Policy } from "../gateway/policy.ts";
import type { Member } from "../gateway/release.ts";
import { Problem } from "./hub.ts";
import { Keys, NotConfirmed } from "./keys.ts";
import { explainWith, failed, place, say, showScreen, status } from "./page.ts";
import { unlocked } from "./unlock.ts";

/** A member organisation as the directory has it; its reader roles come from its own statements. */
export interface Party extends Omit<Member, "roles"> {
  name: string;
}

export interface Offer {
  service: {
    id: string; name: string;
    /** What stands on the envelope, and what it is called. */
    code: string; word: string;
    /** What the service really is, where that would give the need away: it travels sealed. */
    detail?: string;
    /** Whether the directory lists it with this organisation, and whether it is full without a waiting list. */
    listed: boolean; full: boolean;
    reports: "yes" | "no" | "unknown";
    telephones: string[];
  };
  sender: Party;
  recipient: Party;
  policy: Policy;
  /** What codes are called, in the language of the page: categories, reader roles, urgencies, justifications, and the choices of fields. */
  words: Record<string, string>;
  /** Urgencies in the order of the policy, and reasons for what goes beyond the minimum. */
  urgencies: string[];
  justifications: string[];
  /** A sentence for each deny code that can be raised. */
  denials: Record<string, string>;
  /** The release of the program: which wording of the notice was read. */
  release: string;
  /** Where what is kept at the hub lies: two letters. */
  kept_in: string;
}

/** What a code is called; the code with blanks where nobody gave it a name. */
export const called = ({ words }: Offer, code: string): string => words[code] ?? code.replaceAll("_", " ");

explainWith((error) => {
  if (!(error instanceof Problem)) return undefined;
  if (error.status === 401) return say("signed-out");
  return error.status === 403 ? say("not-allowed") : undefined;
});

/** The keys of whoever is signed in; nothing for who works for no organisation, has no key to work with, and never will. */
async function own(): Promise<Keys | undefined> {
  try {
    return await Keys.load();
  } catch (error) {
    if (error instanceof Problem && error.code === "access.forbidden") return undefined;
    throw error;
  }
}

/**
 * The keys of whoever is signed in, open: asks for the passphrase in place, and otherwise shows the screen that says what comes first.
 * Nothing when they cannot work here yet.
 */
export async function open(): Promise<Keys | undefined> {
  const keys = await own();
  if (keys?.view.member === undefined) {
    showScreen("no-key", false);
    return undefined;
  }
  if (!keys.view.confirmed || (await keys.here())?.state !== "active") {
    showScreen("not-confirmed", false);
    return undefined;
  }
  if ((await keys.left()) === 0) {
    showScreen("locked", false);
    await unlocked(keys);
    place("unlock").hidden = true;
  }
  return keys;
}

/** Begins a page, and tells on its first screen what kept it from beginning. */
export async function start(begin: () => Promise<void>): Promise<void> {
  try {
    await begin();
  } catch (error) {
    // The device is confirmed, and no key was handed over yet.
    if (error instanceof NotConfirmed) {
      showScreen("not-confirmed", false);
      return;
    }
    const loading = showScreen("loading", false);
    status("", loading);
    failed(loading, error);
  }
}

/** Prints the slip alone. It is a child of `main`, so that the styles find it. */
export function printSlip(code: string, pin: string, telephone: string): void {
  const slip = place("slip");
  place("slip-code", slip).textContent = code;
  place("slip-pin", slip).textContent = pin;
  place("slip-telephone", slip).textContent = telephone;
  slip.hidden = false;
  document.body.classList.add("slip-page");
  const done = (): void => {
    document.body.classList.remove("slip-page");
    slip.hidden = true;
  };
  // Some browsers print after the call has come back.
  addEventListener("afterprint", done, { once: true });
  print();
}
