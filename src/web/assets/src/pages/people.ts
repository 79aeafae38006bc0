// What key holders do: confirm people and devices after they heard a code, hand them the keys of their role, and revoke.

import { type History, type KeyRecord, mayEncryptTo } from "../gateway/directory-keys.ts";
import type { PrivateKey, PublicJwk } from "../gateway/gate.ts";
import { KeyFault, MEMBER, ROOT, compared, handOn, newReader, openRoot } from "../gateway/keys.ts";
import { answerCode, comparisonCode, heard } from "../gateway/secrets.ts";
import { type Change, nextStatement } from "../gateway/statement.ts";
import { now } from "../gateway/time.ts";
import { Problem, all, send } from "../desk/hub.ts";
import { type Device, Keys } from "../desk/keys.ts";
import { carried, clearError, copied, failed, place, say, showScreen, status, whenSubmitted } from "../desk/page.ts";
import { Told } from "../desk/told.ts";
import { historyOf } from "../desk/trust.ts";
import { unlocked } from "../desk/unlock.ts";

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

interface Handed {
  role: string;
  kid: string;
  member: string;
  token: string;
}

const data = carried<Data>("data");
const CODE = /^[0-9A-HJKMNP-TV-Z]{12}$/;
/** Keyrings that were made and not all taken by the hub yet. */
const PENDING = "pending keyrings";
/** How many keyrings go to the hub at once. */
const AT_ONCE = 100;

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
  const before = ((await keys.store.get(PENDING)) as Handed[] | undefined) ?? [];
  await keys.store.put(PENDING, [...before, ...handed]);
  await handPending(keys);
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
  const stated = [
    ...(state === undefined ? [{ jwk: member, role: MEMBER }] : []),
    ...(device.state === undefined ? [{ jwk: device.jwk, role: "sign" }] : []),
  ];
  if (stated.length > 0) await publish(at, { stated, revoked: [], retired: [] });
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
  const clients = await all<{ revoked: boolean }>(`/api/v1/organisations/${data.organisation}/clients?limit=200`);
  const isOurs = clients.every((client) => client.revoked);
  const revoked = [...(isOurs ? orphans : []), ...devices].map(({ jwk }) => jwk.kid);
  const left = orphans.length > 0 && !isOurs;
  if (revoked.length === 0) return { number: 0, left };
  const change: Change = { stated: [], revoked, retired: [] };
  const handed: Handed[] = [];
  if (orphans.length > 0 && isOurs) {
    // Only to keys that our own statement confirms: what the hub says of a person is not enough.
    const members = at.chain.records.filter((one) => one.role === MEMBER && mayEncryptTo(one, now()) && !revoked.includes(one.jwk.kid));
    const readers = at.chain.records.filter(({ role, jwk, state }) => role !== MEMBER && jwk.use === "enc" && state === "active");
    for (const reader of readers) {
      const had = (kid: string): boolean => at.people.some(({ member }) => member?.jwk.kid === kid && member.keyrings.includes(reader.jwk.kid));
      const to = await Promise.all(members.filter(({ jwk }) => had(jwk.kid)).map(({ jwk }) => compared(jwk)));
      if (to.length === 0) continue;
      const made = await newReader(data.organisation, reader.role, to);
      change.stated.push({ jwk: made.jwk, role: reader.role });
      change.retired.push(reader.jwk.kid);
      for (const [member, token] of Object.entries(made.keyrings)) {
        handed.push({ role: reader.role, kid: made.jwk.kid, member, token });
      }
    }
    // Before they are stated: see `hand`.
    await at.keys.store.put(PENDING, handed);
  }
  await publish(at, change);
  await handPending(at.keys);
  return { number: revoked.length, left };
}

/** Member keys that our statement confirms and that are nobody's any more. */
function orphaned(records: KeyRecord[], people: Person[]): KeyRecord[] {
  const present = new Set(people.filter(({ removed }) => !removed).map(({ member }) => member?.jwk.kid));
  const stands = ({ state }: KeyRecord): boolean => state === "active" || state === "announced";
  return records.filter((one) => one.role === MEMBER && stands(one) && !present.has(one.jwk.kid));
}

function row(person: Person): HTMLElement {
  const element = copied("person");
  place("name", element).textContent = person.name;
  const states: string[] = [];
  if (person.member === undefined && !person.removed) states.push(say("state-none"));
  if (person.member?.state === "active" && !person.devices.some(waits)) states.push(say("state-ready"));
  for (const device of person.devices.filter(waits)) states.push(say("state-waits", { name: device.name }));
  if (person.devices.some(toRevoke)) states.push(say("state-revoke"));
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
      const { name, answer } = await confirm(person.staff, code?.value ?? "", roles);
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
  await handPending(keys);
  const people = await all<Person>(`/api/v1/organisations/${data.organisation}/custody?limit=200`);
  const { records } = await historyOf(data.organisation, keys.store);
  const concerned = people.filter(({ removed, devices }) => !removed || devices.some(toRevoke));
  const first = (person: Person): number => (person.devices.some(waits) ? 0 : 1);
  concerned.sort((one, other) => first(one) - first(other));
  showScreen("people", false);
  const holds = keys.view.keyrings.some(({ role }) => role === ROOT);
  place("no-holder").hidden = holds;
  place("alone").hidden = !holds || keys.view.holders >= 2;
  place("people").replaceChildren(...concerned.map(row));
  place("nobody").hidden = concerned.some((person) => person.devices.some((device) => waits(device) || toRevoke(device)));
  const clear = place<HTMLFormElement>("clear");
  clear.hidden = !concerned.some((person) => person.devices.some(toRevoke)) && orphaned(records, people).length === 0;
  whenSubmitted(clear, async () => {
    clearError(clear);
    status(say("working"), clear, true);
    try {
      const { number, left } = await clearOut();
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
