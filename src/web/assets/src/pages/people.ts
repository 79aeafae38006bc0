// What key holders do: confirm people and devices after they heard a code, hand them the keys of their role, renew what ends, and revoke.

import type { History, KeyRecord } from "../gateway/directory-keys.ts";
import { endsSoon } from "../gateway/ends.ts";
import type { PrivateKey, PublicJwk } from "../gateway/gate.ts";
import { KeyFault, MEMBER, ROOT, compared, handOn, openRoot } from "../gateway/keys.ts";
import { type Handed, endingOf, endingReaders, prolonging, replacing, theirs } from "../gateway/renewal.ts";
import { answerCode, comparisonCode, heard, rootCode } from "../gateway/secrets.ts";
import { type Change, MOST_STATED, nextStatement } from "../gateway/statement.ts";
import { now } from "../gateway/time.ts";
import { beginHead } from "../desk/chip.ts";
import { Problem, all, send } from "../desk/hub.ts";
import { type Device, Keys } from "../desk/keys.ts";
import { carried, clearError, copied, failed, place, say, showScreen, status, whenSubmitted, writtenDay } from "../desk/page.ts";
import { Told } from "../desk/told.ts";
import { historyOf } from "../desk/trust.ts";
import { unlocked } from "../desk/unlock.ts";

beginHead();

interface Data {
  organisation: string;
  roles: [string, string][];
  days: number;
}

interface Person {
  staff: string;
  name: string;
  roles: string[];
  removed: boolean;
  member?: { jwk: PublicJwk; state?: Device["state"]; keyrings: string[] };
  devices: Device[];
}

const data = carried<Data>("data");
const CODE = /^[0-9A-HJKMNP-TV-Z]{12}$/;
/** What windows of this device agree on by: one thing at a time is stated and handed out. */
const LOCK = "throughline keyrings";
/** Keyrings that were made and not all taken by the hub yet. */
const PENDING = "pending keyrings";
/** How many keyrings go to the hub at once. */
const AT_ONCE = 100;

/** How many keys are revoked at once: beside new reader keys, fewer than a statement holds. */
const REVOKED_AT_ONCE = MOST_STATED / 2;

/** What the page works with, read anew before anything is signed. */
interface Holder {
  keys: Keys;
  member: PrivateKey;
  root: PrivateKey;
  chain: { history: History; records: KeyRecord[] };
  people: Person[];
}

async function holder(): Promise<Holder> {
  const keys = await Keys.load();
  await unlocked(keys);
  const chain = await historyOf(data.organisation, keys.store);
  const people = await all<Person>(`/api/v1/organisations/${data.organisation}/custody?limit=200`);
  const kid = chain.history.root.kid;
  const held = keys.view.keyrings.find((one) => one.role === ROOT && one.kid === kid);
  if (held === undefined) throw new Told("not-a-holder");
  const member = await keys.member();
  return { keys, member, chain, people, root: await openRoot(held.token, member, { org: data.organisation, kid }) };
}

/** Does something alone: what another one keeps for later is not handed out, and given up, before it is stated. */
const alone = <T>(task: () => Promise<T>): Promise<T> => navigator.locks.request(LOCK, task) as Promise<T>;

const waits = (device: Device): boolean => device.state === undefined && !device.given_up;
const toRevoke = (device: Device): boolean => device.given_up && device.state !== undefined && device.state !== "revoked";

async function publish({ chain, root }: Holder, change: Change): Promise<void> {
  const statement = await nextStatement(data.organisation, chain, change, [root, now(), data.days]);
  await send("POST", `/api/v1/organisations/${data.organisation}/keys`, { statement });
}

/**
 * Hands keyrings out. They lie on the device until the hub has taken all of them: a reader key that is stated, and whose private half nobody
 * has, would close every letter that is sealed to it.
 */
async function hand(keys: Keys, handed: Handed[]): Promise<void> {
  await keep(keys, handed);
  await handPending(keys);
}

async function keep(keys: Keys, handed: Handed[]): Promise<void> {
  const before = ((await keys.store.get(PENDING)) as Handed[] | undefined) ?? [];
  await keys.store.put(PENDING, [...before, ...handed]);
}

async function handPending(keys: Keys): Promise<void> {
  const handed = ((await keys.store.get(PENDING)) as Handed[] | undefined) ?? [];
  for (let from = 0; from < handed.length; from += AT_ONCE) {
    const keyrings = handed.slice(from, from + AT_ONCE);
    try {
      await send("POST", `/api/v1/organisations/${data.organisation}/keyrings`, { keyrings });
    } catch (error) {
      // Whom one of them was for may have left, or made another key, meanwhile: then each is handed by itself, and those are left out.
      if (!(error instanceof Problem) || error.status !== 422) throw error;
      for (const keyring of keyrings) await handOne(keyring);
    }
  }
  await keys.store.remove(PENDING);
}

async function handOne(keyring: Handed): Promise<void> {
  try {
    await send("POST", `/api/v1/organisations/${data.organisation}/keyrings`, { keyrings: [keyring] });
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 422) throw error;
  }
}

/** Confirms the device whose code was read out, and hands over the keys of these roles. Answers whose it is, and what to read back. */
async function confirm(staff: string, typed: string, roles: string[]): Promise<{ name: string; answer: string }> {
  const code = heard(typed);
  if (!CODE.test(code)) throw new Told("code-form");
  const at = await holder();
  const person = at.people.find((one) => one.staff === staff && !one.removed);
  if (person?.member === undefined) throw new Told("code-differs");
  const { jwk: member, state } = person.member;
  const root = at.chain.history.root.kid;
  let device: Device | undefined;
  for (const one of person.devices.filter(({ given_up }) => !given_up)) {
    const of = { organisation: data.organisation, root, staff, member: member.kid, device: one.jwk.kid };
    if ((await comparisonCode(of)).replaceAll("-", "") === code) device = one;
  }
  if (device === undefined) throw new Told("code-differs");
  // What was revoked or retired is never stated again.
  if (state === "revoked" || state === "retired") throw new Told("member-over");
  const stated = [
    ...(state === undefined ? [{ jwk: member, role: MEMBER }] : []),
    ...(device.state === undefined ? [{ jwk: device.jwk, role: "sign" }] : []),
  ];
  const prolonged = endingOf([{ ...person, devices: [device] }], at.chain.records, now()).map(({ jwk }) => jwk.kid);
  if (stated.length + prolonged.length > 0) await publish(at, { stated, revoked: [], retired: [], prolonged });
  // What was compared is this very key.
  const to = await compared(member);
  const handed: Handed[] = [];
  for (const { role, kid, token } of at.keys.view.keyrings.filter((one) => roles.includes(one.role))) {
    try {
      const passed = await handOn(token, at.member, { org: data.organisation, role, kid }, to);
      handed.push({ role, kid, member: member.kid, token: passed });
    } catch (fault) {
      // What the holder cannot open is not theirs to hand on.
      if (!(fault instanceof KeyFault)) throw fault;
    }
  }
  await hand(at.keys, handed);
  const of = { organisation: data.organisation, root, staff, member: member.kid, device: device.jwk.kid };
  return { name: person.name, answer: await answerCode(of) };
}

/**
 * Revokes what was given up. When somebody left, everybody who stays gets new keys here, where no program of the organisation reads letters;
 * where one does, it has to make them, and finds by the keys that are not revoked here that somebody left.
 */
async function clearOut(): Promise<{ number: number; left: boolean }> {
  const at = await holder();
  const orphans = orphaned(at.chain.records, at.people);
  const devices = at.people.flatMap((person) => person.devices).filter(toRevoke);
  const isOurs = await readsHere();
  const revoked = [...(isOurs ? orphans : []), ...devices].map(({ jwk }) => jwk.kid);
  const left = orphans.length > 0 && !isOurs;
  if (revoked.length === 0) return { number: 0, left };
  if (orphans.length > 0 && isOurs) {
    const readers = at.chain.records.filter(({ role, jwk, state }) => role !== MEMBER && jwk.use === "enc" && state === "active");
    await replace(at, readers, revoked.slice(0, REVOKED_AT_ONCE), revoked);
  } else await publish(at, { stated: [], revoked: revoked.slice(0, REVOKED_AT_ONCE), retired: [] });
  for (let from = REVOKED_AT_ONCE; from < revoked.length; from += REVOKED_AT_ONCE) {
    await publish(await holder(), { stated: [], revoked: revoked.slice(from, from + REVOKED_AT_ONCE), retired: [] });
  }
  return { number: revoked.length, left };
}

/** Whether letters are read in browsers alone: a gateway makes its reader keys itself, and no page can hand it any. */
async function readsHere(): Promise<boolean> {
  const clients = await all<{ revoked: boolean }>(`/api/v1/organisations/${data.organisation}/clients?limit=200`);
  return clients.every((client) => client.revoked);
}

/** Puts new reader keys in the place of these, for everybody who had them and is not among those who are left out. */
async function replace(at: Holder, readers: KeyRecord[], revoked: string[], without: string[]): Promise<void> {
  const { people, chain } = at;
  const of = { people, records: chain.records, root: chain.history.root.kid };
  const { change, handed } = await replacing(data.organisation, readers, of, now(), without);
  // Before they are stated: see `hand`.
  await keep(at.keys, handed);
  await publish(at, { ...change, revoked });
  await handPending(at.keys);
}

/**
 * Renews what ends soon, or has ended: first the keys of people, so that reader keys can be sealed to them. Each step counts by itself; what
 * broke off is done by beginning again. Answers whether a gateway has to make reader keys.
 */
async function renewAll(): Promise<{ left: boolean }> {
  let at = await holder();
  for (const change of prolonging(endingOf(at.people, at.chain.records, now()).map(({ jwk }) => jwk.kid))) {
    await publish(at, change);
    at = await holder();
  }
  const readers = endingReaders(at.chain.records, now());
  if (readers.length === 0) return { left: false };
  if (!(await readsHere())) return { left: true };
  await replace(at, readers, [], []);
  return { left: false };
}

/** Member keys that our statement confirms and that are nobody's any more. */
function orphaned(records: KeyRecord[], people: Person[]): KeyRecord[] {
  const present = new Set(people.filter(({ removed }) => !removed).map(({ member }) => member?.jwk.kid));
  const stands = ({ state }: KeyRecord): boolean => state === "active" || state === "announced";
  return records.filter((one) => one.role === MEMBER && stands(one) && !present.has(one.jwk.kid));
}

/** When something ends, in words. */
const end = (until: number): string => say(until <= now() ? "ended" : "ends", { day: writtenDay(until) });

/** What ends soon, a line for each person and each role; nothing when there is time. */
function endingLines(people: Person[], records: KeyRecord[]): string[] {
  const ofPeople = people.flatMap((person) => {
    const soonest = Math.min(...endingOf([person], records, now()).map(({ until }) => until));
    return Number.isFinite(soonest) ? [`${person.name}: ${end(soonest)}`] : [];
  });
  const ofRoles = endingReaders(records, now()).map(({ role, until }) => {
    const name = data.roles.find(([code]) => code === role)?.[1] ?? role;
    return `${say("reader-key", { role: name })}: ${end(until)}`;
  });
  return [...ofPeople, ...ofRoles];
}

/** What key holders read aloud to people whose devices saw another root key: of the one in force, and of those before it. */
async function showRoots({ root, former }: History): Promise<void> {
  const rows = [root, ...former.map((one) => one.root).reverse()].map(async ({ kid }, nth) => {
    const row = copied("root");
    place("root-which", row).textContent = say(nth === 0 ? "root-now" : "root-before");
    place("root-code", row).textContent = await rootCode(data.organisation, kid);
    place("root-kid", row).textContent = kid;
    return row;
  });
  place("roots").replaceChildren(...(await Promise.all(rows)));
}

function row(person: Person, records: KeyRecord[]): HTMLElement {
  const element = copied("person");
  place("name", element).textContent = person.name;
  const states: string[] = [];
  if (person.member === undefined && !person.removed) states.push(say("state-none"));
  if (person.member?.state === "active" && !person.devices.some(waits)) states.push(say("state-ready"));
  for (const device of person.devices.filter(waits)) states.push(say("state-waits", { name: device.name }));
  if (person.devices.some(toRevoke)) states.push(say("state-revoke"));
  const soonest = Math.min(...theirs(person, records).map(({ until }) => until));
  if (Number.isFinite(soonest) && endsSoon(soonest, now())) states.push(end(soonest));
  place("state", element).textContent = states.join(" · ");
  const form = place<HTMLFormElement>("confirm", element);
  // Also who is confirmed: they may need the keys of another role, or did not get all of them.
  form.hidden = person.removed || person.member === undefined;
  if (form.hidden) return element;
  const code = form.querySelector("input");
  const label = form.querySelector("label");
  if (code !== null && label !== null) {
    code.id = `code-${person.staff}`;
    label.htmlFor = code.id;
  }
  const usual = usualRoles(person.roles);
  place("readers", form).append(
    ...data.roles.map(([role, name]) => {
      const option = copied("reader");
      const box = option.querySelector("input");
      if (box !== null) {
        box.value = role;
        box.checked = usual.includes(role);
      }
      place("reader-name", option).textContent = name;
      return option;
    }),
  );
  whenSubmitted(form, async () => {
    clearError(form);
    status(say("working"), form, true);
    try {
      const roles = [...form.querySelectorAll<HTMLInputElement>("input[type=checkbox]:checked")].map((box) => box.value);
      const { name, answer } = await alone(() => confirm(person.staff, code?.value ?? "", roles));
      await show();
      status(say("admitted", { name, answer }), place("top"));
    } catch (error) {
      status("", form);
      failed(form, error);
    }
  });
  return element;
}

/** What somebody reads by what they may do; a key holder chooses otherwise. */
function usualRoles(roles: string[]): string[] {
  if (roles.includes("case_worker")) return ["intake", "case_worker"];
  return roles.includes("intake") ? ["intake"] : [];
}

async function show(): Promise<void> {
  const keys = await Keys.load();
  if (keys.view.member !== undefined) {
    showScreen("locked", false);
    await unlocked(keys);
  }
  await alone(() => handPending(keys));
  const people = await all<Person>(`/api/v1/organisations/${data.organisation}/custody?limit=200`);
  const { history, records } = await historyOf(data.organisation, keys.store);
  await keys.noteEnds(records);
  const concerned = people.filter(({ removed, devices }) => !removed || devices.some(toRevoke));
  const first = (person: Person): number => (person.devices.some(waits) ? 0 : 1);
  concerned.sort((one, other) => first(one) - first(other));
  const holds = keys.view.keyrings.some(({ role }) => role === ROOT);
  if (holds) await showRoots(history);
  showScreen("people", false);
  place("no-holder").hidden = holds;
  place("alone").hidden = !holds || keys.view.holders >= 2;
  place("people").replaceChildren(...concerned.map((person) => row(person, records)));
  place("nobody").hidden = concerned.some((person) => person.devices.some((device) => waits(device) || toRevoke(device)));
  place("root-of-all").hidden = !holds;
  const lines = endingLines(people, records);
  const renew = place<HTMLFormElement>("renew");
  renew.hidden = lines.length === 0;
  place("ending", renew).replaceChildren(...lines.map((line) => {
    const item = copied("line");
    item.textContent = line;
    return item;
  }));
  whenSubmitted(renew, async () => {
    clearError(renew);
    status(say("working"), renew, true);
    try {
      const { left } = await alone(renewAll);
      await show();
      status(`${say("renewed")}${left ? ` ${say("renew-gateway")}` : ""}`, place("top"));
    } catch (error) {
      status("", renew);
      failed(renew, error);
    }
  });
  const clear = place<HTMLFormElement>("clear");
  clear.hidden = !concerned.some((person) => person.devices.some(toRevoke)) && orphaned(records, people).length === 0;
  whenSubmitted(clear, async () => {
    clearError(clear);
    status(say("working"), clear, true);
    try {
      const { number, left } = await alone(clearOut);
      await show();
      status(`${say("cleared", { number: String(number) })}${left ? ` ${say("clear-gateway")}` : ""}`, place("top"));
    } catch (error) {
      status("", clear);
      failed(clear, error);
    }
  });
}

void show().catch((error: unknown) => {
  const screen = showScreen("loading");
  status("", screen);
  failed(screen, error);
});
