// Where an organisation that has nothing but browsers makes its root key: it is made here, waits sealed until the coordinator has put it in, and
// then stands for the keys that letters are sealed to.

import { type History, Untrusted } from "../gateway/directory-keys.ts";
import {
  type Chain, FoundFault, firstStatement, handedTo, isHanded, isPast, pendingRoot, progress, withReaders,
} from "../gateway/found.ts";
import { ROOT } from "../gateway/keys.ts";
import { PENDING_ROOT, type PendingRoot } from "../gateway/pending.ts";
import { now } from "../gateway/time.ts";
import { beginHead } from "../desk/chip.ts";
import { guessedName } from "../desk/device-name.ts";
import { all, get, send } from "../desk/hub.ts";
import { Keys } from "../desk/keys.ts";
import { carried, clearError, copied, explainWith, failed, place, say, showScreen, status, whenSubmitted } from "../desk/page.ts";
import { Told } from "../desk/told.ts";
import { historyOf } from "../desk/trust.ts";
import { unlocked } from "../desk/unlock.ts";

beginHead();

interface Data {
  organisation: string;
  roles: [string, string][];
  days: number;
}

const data = carried<Data>("data");
const { organisation } = data;
/** How many keyrings go to the hub at once. */
const AT_ONCE = 100;
/** How often a page that waits for the coordinator looks again. */
const LOOK_AGAIN = 20_000;

// What the page did not see coming: a key was revoked, or the hub says something else than a moment ago.
explainWith((error) => (error instanceof FoundFault ? say(error.reason === "revoked" ? "revoked" : "untrusted") : undefined));

let looking: ReturnType<typeof setTimeout> | undefined;
/** How often it was looked: an answer that comes after the page looked again shows nothing any more. */
let looks = 0;

/** The keys of whoever is here, open: asked for in place when they are locked. */
async function opened(): Promise<Keys> {
  const keys = await Keys.load();
  if ((await keys.left()) === 0) {
    showScreen("locked", false);
    await unlocked(keys);
  }
  return keys;
}

const pendingOf = async (keys: Keys): Promise<PendingRoot | undefined> =>
  (await keys.store.get(PENDING_ROOT)) as PendingRoot | undefined;

/** A form of a screen, whose failures are told in it. The task may answer a sentence to leave in its status line. */
function onSubmit(name: string, task: (by: string) => Promise<string | void>): void {
  const form = place<HTMLFormElement>(name);
  whenSubmitted(form, async (by) => {
    clearError(form);
    let told: string | void = undefined;
    try {
      told = await task(by instanceof HTMLButtonElement ? by.value : "");
    } finally {
      status(told ?? "", form);
    }
  });
}

/** Throws the root key away. Nobody has sealed anything under it: without a statement it stands for nothing. */
async function drop(): Promise<void> {
  await (await Keys.load()).store.remove(PENDING_ROOT);
  await show();
}

async function make(): Promise<void> {
  const keys = await opened();
  const form = place("make-form");
  status(say("making"), form, true);
  // Somebody may have made one in another window; a second one would leave the coordinator with the wrong file.
  if ((await pendingOf(keys)) === undefined) {
    const { member } = keys.view;
    if (member === undefined) return show();
    const made = await pendingRoot(organisation, await historyOf(organisation, keys.store), member.jwk, await keys.member());
    await keys.store.change(PENDING_ROOT, (one) => one ?? made);
  }
  await show();
}

/** Makes what is missing, publishes it and hands it to oneself. Every step may be done again after a failure, and does nothing twice. */
async function finish(): Promise<void> {
  let keys = await opened();
  const form = place("finish-form");
  const own = keys.view.member;
  let pending = await pendingOf(keys);
  if (own === undefined || pending === undefined) return show();
  showScreen("named", false);
  status(say("publishing"), form, true);
  const chain = await historyOf(organisation, keys.store);
  if (progress(pending, chain, organisation, own.jwk.kid) === "named") {
    const member = await keys.member();
    pending = await withReaders(pending, data.roles.map(([role]) => role), own.jwk, member);
    // Before it is published: a key that was stated and lost would close every letter to it.
    await keys.store.put(PENDING_ROOT, pending);
    if ((await keys.here()) === undefined || isPast(chain, (await keys.deviceKey()).kid)) {
      await keys.renew((await keys.here())?.name ?? (guessedName() || "?"));
      keys = await keys.again();
    }
    const of = { jwk: own.jwk, device: await keys.deviceKey(), member };
    const statement = await firstStatement(pending, chain, of, [now(), data.days]);
    await send("POST", `/api/v1/organisations/${organisation}/keys`, { statement });
  }
  const handed = handedTo(pending);
  for (let from = 0; from < handed.length; from += AT_ONCE) {
    await send("POST", `/api/v1/organisations/${organisation}/keyrings`, { keyrings: handed.slice(from, from + AT_ONCE) });
  }
  keys = await keys.again();
  if (!isHanded(pending, keys.view.keyrings)) throw new Told("not-handed");
  // Made here: nobody has to answer for it.
  await keys.believe(pending.jwk.kid);
  await keys.store.remove(PENDING_ROOT);
  await show();
}

function showWaiting({ jwk }: PendingRoot): void {
  const file = `${JSON.stringify(jwk, null, 2)}\n`;
  place("thumbprint").textContent = jwk.kid;
  const field = document.getElementById("root-file");
  if (field instanceof HTMLTextAreaElement) field.value = file;
  const link = place<HTMLAnchorElement>("download");
  if (link.dataset["kid"] !== jwk.kid) {
    // One that was thrown away is not handed to the coordinator.
    URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(new Blob([file], { type: "application/json" }));
    link.dataset["kid"] = jwk.kid;
  }
  place("command").textContent = `throughline member replace-root ${organisation} --root root.jwk --thumbprint ${jwk.kid}`;
}

async function showNamed(): Promise<void> {
  place("readers").replaceChildren(...data.roles.map(([, name]) => {
    const tag = copied("reader");
    tag.textContent = name;
    return tag;
  }));
  const clients = await all<{ revoked: boolean }>(`/api/v1/organisations/${organisation}/clients?limit=200`);
  // A gateway has none of these keys, and no page can hand them to it.
  place("gateway").hidden = clients.every(({ revoked }) => revoked);
}

/** The thumbprint of the root key as the hub names it: to be told, and believed in nothing. */
const namedRoot = async (): Promise<string> => (await get<History>(`/api/v1/organisations/${organisation}/keys?limit=1`)).root.kid;

function showOther({ jwk }: PendingRoot, named: string, move: boolean): void {
  place("ours").textContent = jwk.kid;
  place("theirs").textContent = named;
  showScreen("other", move);
}

/** Shows how far it is. `move` brings the reader there: not while the page only looked again by itself. */
async function show(move = true): Promise<void> {
  clearTimeout(looking);
  const mine = (looks += 1);
  const before = await Keys.load();
  if (before.view.member === undefined) {
    showScreen("no-key", move);
    return;
  }
  const keys = await opened();
  const member = before.view.member.jwk.kid;
  const pending = await pendingOf(keys);
  let chain: Chain;
  try {
    chain = await historyOf(organisation, keys.store);
  } catch (error) {
    // A root key that nobody here knows is refused before anything else is read. Whoever waits for their own is told what it is.
    const named = error instanceof Untrusted && pending !== undefined ? await namedRoot() : undefined;
    if (pending === undefined || named === undefined || named === pending.jwk.kid || named === pending.before) throw error;
    if (mine === looks) showOther(pending, named, move);
    return;
  }
  if (mine !== looks) return;
  if (pending === undefined) return showBeginning(keys, chain, move);
  try {
    if (progress(pending, chain, organisation, member) === "waits") {
      showWaiting(pending);
      showScreen("waits", move);
      looking = setTimeout(() => void lookAgain(), LOOK_AGAIN);
      return;
    }
  } catch (fault) {
    if (!(fault instanceof FoundFault)) throw fault;
    if (fault.reason === "other_root") showOther(pending, chain.history.root.kid, move);
    else showScreen("other-key", move);
    return;
  }
  await showNamed();
  if (mine === looks) showScreen("named");
}

/** Looks again without moving anybody, and leaves a locked key alone: whoever comes back is asked for the words then. */
async function lookAgain(): Promise<void> {
  try {
    const keys = await Keys.load();
    if ((await keys.left()) > 0) await show(false);
  } catch {
    // The hub cannot be reached at the moment, or somebody has to look: the button tells what it is.
    clearTimeout(looking);
    looking = setTimeout(() => void lookAgain(), LOOK_AGAIN);
  }
}

/** Nothing waits here: somebody holds the present root already, or may make another one. */
function showBeginning({ view }: Keys, { history, records }: Chain, move: boolean): void {
  if (view.keyrings.some(({ role, kid }) => role === ROOT && kid === history.root.kid)) {
    place("alone").hidden = view.holders >= 2;
    showScreen("holds", move);
    return;
  }
  // Their own key ends with the root that it was confirmed under, and could not be stated again.
  if (records.some(({ jwk }) => jwk.kid === view.member?.jwk.kid)) {
    showScreen("known", move);
    return;
  }
  // Others hold the present root, or a gateway does: what they confirmed ends with it.
  place("ends").hidden = view.holders === 0 && records.every(({ state }) => state === "revoked");
  showScreen("make", move);
}

onSubmit("make-form", make);
onSubmit("finish-form", finish);
onSubmit("other-form", drop);
onSubmit("other-key-form", drop);
onSubmit("again-form", async (by) => {
  if (by === "drop") return drop();
  const form = place("again-form");
  status(say("looking"), form, true);
  await show(false);
  const isStill = form.closest<HTMLElement>("[data-screen]")?.hidden === false;
  return isStill ? say("not-yet") : undefined;
});

void show(false).catch((error: unknown) => {
  const screen = showScreen("loading", false);
  status("", screen);
  failed(screen, error);
});
