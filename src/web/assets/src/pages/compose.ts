// Composing a referral. The letter is written, judged and sealed here; what leaves the page is the envelope and what nobody but its readers
// opens. Nothing that was typed goes before it was pressed, and nothing is lost when it could not go.

import { newId } from "../gateway/bytes.ts";
import type { Json } from "../gateway/closed.ts";
import { Denials } from "../gateway/denials.ts";
import type { KnownKeys } from "../gateway/directory-keys.ts";
import type { PrivateKey } from "../gateway/gate.ts";
import type { WeighedField } from "../gateway/policy.ts";
import type { Member, Released } from "../gateway/release.ts";
import { DraftFault, type Reader, seal } from "../gateway/seal.ts";
import { DAY, moment, now } from "../gateway/time.ts";
import { Agreements } from "../desk/agreements.ts";
import { GONE, KEPT, beginHead } from "../desk/chip.ts";
import { Choosing } from "../desk/choosing.ts";
import { type Ground, type Standing, type Written, judged, standings, valueOf } from "../desk/composing.ts";
import { type ConsentBody, type ConsentPaper, type ReadyConsent, mayServe, ready } from "../desk/consents.ts";
import { type Draft as KeptDraft, type Said, draftsOf } from "../desk/drafts.ts";
import { explainReceipts } from "../desk/handing.ts";
import { Problem, get, send } from "../desk/hub.ts";
import type { Keys } from "../desk/keys.ts";
import { note, noteAll } from "../desk/noting.ts";
import { type Offer, type Party, called, open, printSlip, start } from "../desk/offer.ts";
import {
  busy, carried, clearError, copied, explainWith, failed, listed, place, say, showScreen, status, whenSubmitted, written,
  writtenDay, writtenTime,
} from "../desk/page.ts";
import { PaperFault, find, list } from "../desk/papers.ts";
import { handOver, mayBeTriedAgain } from "../desk/sending.ts";
import { known } from "../desk/trust.ts";
import { type Waiting, forget, remember, waitingOf } from "../desk/waiting.ts";
import { type Wrong, showWrongs } from "../desk/wrongs.ts";

beginHead();

const offer = carried<Offer>("data");
const { policy, service, sender, recipient } = offer;
/** How long a packet may wait for its recipient. */
const WAITS = 7 * DAY;
/** How long nothing is typed before the rules are asked. */
const PAUSE = 400;
/** How many consents are read when the page opens, and how many each time that somebody wants to see others. The page asks for the first itself. */
const [FIRST, MORE] = [10, 50];
/** How long after the last change a draft is kept. */
const KEEP_AFTER = 1_000;

explainWith((error) => {
  if (error instanceof DraftFault) return say(error.reason === "nobody_reads" || error.reason === "no_grant" ? "nobody-reads" : "not-sealed");
  if (error instanceof Denials) return error.found.map(({ code }) => offer.denials[code] ?? code).join(" ");
  return undefined;
});

const form = place<HTMLFormElement>("compose");
const summary = place("summary");
const idOf = (field: string): string => `f-${field.replace(/\W/g, "-")}`;
const option = (name: string): string | undefined => form.querySelector<HTMLInputElement>(`input[name="${name}"]:checked`)?.value;
const isTicked = (id: string): boolean => (document.getElementById(id) as HTMLInputElement | null)?.checked === true;

// ---- what is written

/** What stands in the controls of a field, one for each value. */
function said(field: string): string[] {
  const around = document.getElementById(`${idOf(field)}-a`);
  if (around === null) return [];
  const controls = around.querySelectorAll<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>("[data-value]");
  const isChosen = (control: Element): boolean => !(control instanceof HTMLInputElement && /radio|checkbox/.test(control.type)) || control.checked;
  return [...controls].filter(isChosen).map(({ value }) => value);
}

/** What stands in the controls, for the draft. Ticks that confirm something are given anew. */
function typed(shown: string[]): Said {
  const because = shown.map((id) => [id, (document.getElementById(`${idOf(id)}-because`) as HTMLSelectElement | null)?.value ?? ""] as const);
  return {
    soon: option("soon") ?? "", signal: (document.getElementById("signal") as HTMLSelectElement).value,
    fields: Object.fromEntries(shown.map((id) => [id, said(id)] as const).filter(([, values]) => values.some((value) => value !== ""))),
    because: Object.fromEntries(because.filter(([, reason]) => reason !== "")),
  };
}

/** Puts what was kept back into the controls, as far as they are there. */
function fill({ soon, signal, fields, because }: Said): void {
  for (const one of form.querySelectorAll<HTMLInputElement>('input[name="soon"]')) one.checked = one.value === soon;
  (document.getElementById("signal") as HTMLSelectElement).value = signal;
  for (const [id, values] of Object.entries(fields)) {
    const controls = document.getElementById(`${idOf(id)}-a`)?.querySelectorAll<HTMLInputElement | HTMLSelectElement>("[data-value]") ?? [];
    for (const control of controls) {
      if (control instanceof HTMLInputElement && /radio|checkbox/.test(control.type)) control.checked = values.includes(control.value);
      else control.value = values[0] ?? "";
      // What counts characters counts these as well; what stands in "more" is shown.
      control.dispatchEvent(new Event("input"));
      const more = control.closest("details");
      if (more !== null) more.open = true;
    }
  }
  for (const [id, reason] of Object.entries(because)) {
    const select = document.getElementById(`${idOf(id)}-because`) as HTMLSelectElement | null;
    if (select !== null) select.value = reason;
  }
}

interface Draft {
  written: Written;
  /** Fields whose value is not one that they take. */
  wrong: string[];
}

function draft(shown: Iterable<string>): Draft {
  const [values, because, wrong] = [new Map<string, Json>(), new Map<string, string>(), [] as string[]];
  for (const id of shown) {
    const field = policy.fields[id];
    if (field === undefined) continue;
    const { value, wrong: isWrong } = valueOf(policy, field, said(id));
    if (isWrong === true) wrong.push(id);
    if (value === undefined) continue;
    values.set(id, value);
    const reason = (document.getElementById(`${idOf(id)}-because`) as HTMLSelectElement | null)?.value ?? "";
    if (reason !== "") because.set(id, reason);
  }
  const looked = (document.getElementById("signal") as HTMLSelectElement | null)?.value;
  const signal = looked === "absent" || looked === "present" ? looked : undefined;
  return {
    wrong,
    written: {
      urgency: option("soon") ?? "", values, because, reviewed: isTicked("reviewed"), approvals: isTicked("approved") ? policy.approvals : 1,
      overrides: isTicked("although-full") ? ["D107"] : [], ...(signal === undefined ? {} : { signal }),
    },
  };
}

/** Where to go for a code: to its first field that is here, or to where the matter is settled. */
function wrongsOf({ found }: Denials): Wrong[] {
  return found.flatMap(({ code, fields }): Wrong[] => {
    const sentence = offer.denials[code] ?? code;
    const here = (fields ?? []).filter((id) => document.getElementById(`${idOf(id)}-a`) !== null);
    if (here.length > 0) {
      return here.map((id): Wrong => {
        const at = code === "D602" ? `${idOf(id)}-because` : code === "D601" ? "reviewed" : code === "D210" && !isTicked("approved") ? "approved" : idOf(id);
        return { at, sentence: `${called(offer, id)}: ${sentence}`, code };
      });
    }
    return [{ at: code === "D107" ? "although-full" : code.startsWith("D3") ? "consents" : "envelope", sentence, code }];
  });
}

// ---- fields

/** A field with its label and its control. */
function fieldOf(id: string, field: WeighedField): HTMLElement {
  const { shape, many } = field;
  const name = idOf(id);
  const codes = shape.kind === "code" ? (policy.choices[shape.choices] ?? []) : shape.kind === "flag" ? ["yes", "no"] : [];
  const isGroup = codes.length > 0 && (many !== undefined || codes.length <= 5);
  const isLong = shape.kind === "prose" || (many !== undefined && !isGroup);
  const made = copied(isGroup ? "field-group" : isLong ? "field-prose" : codes.length > 0 ? "field-select" : "field-input");
  made.id = `${name}-a`;
  place("label", made).textContent = called(offer, id);
  if (isGroup) {
    made.id = `${name}-a`;
    place("options", made).id = name;
    for (const code of codes) {
      const one = copied("option");
      const input = place<HTMLInputElement>("option-input", one);
      Object.assign(input, { type: many === undefined ? "radio" : "checkbox", name, value: code });
      place("option-text", one).textContent = called(offer, code);
      place("options", made).append(one);
    }
  } else {
    const control = place<HTMLInputElement & HTMLSelectElement & HTMLTextAreaElement>("control", made);
    control.id = name;
    place<HTMLLabelElement>("label", made).htmlFor = name;
    for (const code of codes) control.append(new Option(called(offer, code), code));
    if (shape.kind === "text" && many === undefined) control.maxLength = shape.max;
    if (shape.kind === "date" || shape.kind === "month" || shape.kind === "time") control.setAttribute("type", shape.kind);
    if (shape.kind === "count") {
      control.inputMode = "numeric";
      control.pattern = "\\d*";
    }
    if (isLong) {
      const help = place("help", made);
      help.textContent = many === undefined ? say("only-needed") : say("one-a-line");
      help.id = `${name}-h`;
      control.setAttribute("aria-describedby", help.id);
      const count = place("count", made);
      count.hidden = shape.kind !== "prose";
      if (shape.kind === "prose") {
        const most = shape.max;
        const counted = (): void => void (count.textContent = say("count", { count: String([...control.value].length), most: String(most) }));
        control.addEventListener("input", counted);
        counted();
      }
    }
    // The need is said once: it stands on the envelope already, or would if it did not tell too much.
    const need = id === "CF.need" ? service.code : id === "CF.need_sensitive" ? service.detail : undefined;
    if (need !== undefined && codes.includes(need)) control.value = need;
  }
  if (field.need === "justified") {
    const because = copied("because");
    const select = place<HTMLSelectElement>("because-reason", because);
    select.id = `${name}-because`;
    place<HTMLLabelElement>("because-label", because).htmlFor = select.id;
    for (const code of field.with ?? offer.justifications) select.append(new Option(called(offer, code), code));
    made.append(because);
  }
  return made;
}

const readersOf = ({ compartment }: WeighedField): string[] => policy.compartments[compartment] ?? [];
const rolesNamed = (roles: string[]): string => listed(roles.map((role) => called(offer, `reader-${role}`)));

/** Every field that was shown once, with what was typed into it. Only those in the page are read. */
const aside = new Map<string, HTMLElement>();

/** The fields that may go, by who reads them, what is needed first; and what the person kept, in one line. */
function showFields(found: Map<string, Standing>): void {
  const letter = place("letter");
  const groups = new Map<string, string[]>();
  for (const [id, standing] of found) {
    const field = policy.fields[id];
    if (standing !== "offered" || field === undefined) continue;
    const name = readersOf(field).join();
    groups.set(name, [...(groups.get(name) ?? []), id]);
  }
  letter.replaceChildren();
  for (const [name, ids] of groups) {
    const head = copied("reader");
    head.textContent = say("for-readers", { readers: rolesNamed(name.split(",")) });
    letter.append(head);
    const more = copied<HTMLDetailsElement>("more");
    for (const id of ids) {
      const field = policy.fields[id] as WeighedField;
      // What was typed stays when another consent is chosen.
      const made = aside.get(id) ?? fieldOf(id, field);
      aside.set(id, made);
      if (field.need === "minimum") letter.append(made);
      else place("more-fields", more).append(made);
    }
    if (place("more-fields", more).childElementCount > 0) letter.append(more);
  }
  const kept = [...found].filter(([, standing]) => standing === "refused").map(([id]) => called(offer, id));
  const shut = place("stays");
  shut.hidden = kept.length === 0;
  place("stays-text", shut).textContent = say("stays", { what: listed(kept) });
  const shown = [...found].filter(([, standing]) => standing === "offered").map(([id]) => policy.fields[id]);
  place("reviewed-row").hidden = !shown.some((field) => field?.shape.kind === "prose");
  place("approved-row").hidden = !shown.some((field) => field?.level === "S4");
  place("nothing-to-write").hidden = shown.length > 0;
}

/** The envelope as it is by now: who reads what. */
function showEnvelope({ urgency, values }: Written, nickname: string | undefined): void {
  place("envelope-soon").textContent = urgency === "" ? say("not-chosen") : called(offer, urgency);
  place("envelope-consent").textContent = nickname ?? say("not-chosen");
  const groups = new Map<string, string[]>();
  for (const id of values.keys()) {
    const field = policy.fields[id];
    const name = field === undefined ? "" : rolesNamed(readersOf(field));
    groups.set(name, [...(groups.get(name) ?? []), called(offer, id)]);
  }
  place("envelope-inside").replaceChildren(...[...groups].map(([readers, fields]) => {
    const row = copied("inside");
    place("inside-who", row).textContent = `${readers}: `;
    place("inside-what", row).textContent = listed(fields);
    return row;
  }));
  place("envelope-empty").hidden = groups.size > 0;
}

// ---- consent

/** Adds consents on file for this recipient and service, to choose by nickname. */
function addConsents(papers: ConsentPaper[], wanted: string | null): void {
  const rows = papers.map((paper) => {
    const row = copied("consent-choice");
    const input = place<HTMLInputElement>("consent-input", row);
    Object.assign(input, { value: paper.id, checked: paper.id === wanted });
    place("consent-name", row).textContent = paper.body.nickname;
    place("consent-when", row).textContent = say("taken", { day: writtenDay(paper.at) });
    return row;
  });
  place("consents").append(...rows);
}

/** What they said, of the consent that is chosen. */
function showConsent({ paper, certificate: { claims } }: ReadyConsent, found: Map<string, Standing>): void {
  const box = place("consent-facts");
  const field = (id: string): WeighedField | undefined => policy.fields[id];
  // A kind of data, or the one field of it that was answered by itself.
  const isNamed = (id: string): boolean => field(id)?.level === "S4";
  const kindOf = (id: string): string => {
    const category = field(id)?.category ?? "";
    const others = [...found].filter(([other, standing]) => field(other)?.category === category && !isNamed(other) && standing !== "absent");
    const alike = !isNamed(id) && others.every(([, standing]) => standing === found.get(id));
    return called(offer, alike ? category : id);
  };
  box.hidden = false;
  place("consent-until", box).textContent = writtenDay(claims.exp * 1_000_000);
  place("consent-of", box).textContent = paper.body.nickname;
  for (const [name, wanted] of [["consent-yes", "offered"], ["consent-no", "refused"]] as const) {
    const words = new Set([...found].filter(([, standing]) => standing === wanted).map(([id]) => kindOf(id)));
    place(name, box).replaceChildren(...[...words].map((word) => {
      const tag = copied(wanted === "offered" ? "tag-good" : "tag");
      tag.textContent = word;
      return tag;
    }));
    place(`${name}-row`, box).hidden = words.size === 0;
  }
}

// ---- what waits

async function showWaiting(keys: Keys): Promise<void> {
  const waiting = await waitingOf(keys.store);
  place("waiting").hidden = waiting.length === 0;
  place("waiting-list").replaceChildren(...waiting.map((one) => {
    const row = copied("waiting-row");
    place("waiting-what", row).textContent = say("waits", { service: one.service, to: one.to, moment: written(one.at) });
    place("waiting-send", row).addEventListener("click", () =>
      void busy(place("waiting"), async () => {
        clearError();
        await deliver(keys, one);
      }));
    return row;
  }));
}

// ---- sealing and sending

/** Every role of the recipient, and the case workers of our own, to read our own letter again. */
async function readers(keys: KnownKeys): Promise<Reader[]> {
  const own = keys.readers(sender.id, now());
  const ours = own.find(({ role }) => role === "case_worker") ?? own[0];
  const all = [...keys.readers(recipient.id, now()), ...(ours === undefined ? [] : [ours])];
  return Promise.all(all.map(async (record) => ({ organisation: record.organisation, role: record.role, key: await keys.imported(record) })));
}

/** What this device signs with, as it was when the page was opened. */
let atHand: PrivateKey | undefined;

/**
 * What this device signs with. While the key is open it is what it was when the page was opened: far away nobody waits for a question that the
 * hub asks itself anyway, and without a network nobody could ask it.
 */
const signer = async (keys: Keys): Promise<PrivateKey> => (atHand !== undefined && (await keys.left()) > 0 ? atHand : keys.signer());

async function sealed(keys: Keys, ring: KnownKeys, released: Released, values: Map<string, Json>, paper: ConsentPaper): Promise<Waiting> {
  const made = now();
  const referral = newId("ref", made);
  const letter = {
    kind: "referral" as const, made, expires: made + WAITS, referral, minset: policy.service.minset ?? "", values: Object.fromEntries(values), files: [],
    readers: await readers(ring),
  };
  const { id, body, envelope } = await seal(released, letter, await signer(keys), policy);
  return { packet: id, referral, to: recipient.name, service: service.word, at: made, body, envelope, paper: paper.id };
}

explainReceipts();

/** Hands a sealed packet in. The same one again gets the same receipt, so it may be tried as often as need be. */
async function deliver(keys: Keys, waiting: Waiting): Promise<void> {
  try {
    await handOver(keys.store, waiting);
  } catch (error) {
    // What the hub refused for good is not tried again; it stands in the form as it was written.
    if (error instanceof Problem && !mayBeTriedAgain(error)) await forget(keys.store, waiting.packet);
    await showWaiting(keys);
    throw error;
  }
  await showWaiting(keys);
  await showSent(keys, waiting);
}

/** Which packet the page says to be sent. */
let shown: string | undefined;

async function showSent(keys: Keys, waiting: Waiting): Promise<void> {
  document.body.classList.remove("task");
  const screen = showScreen("sent");
  // What was shown of another letter that was sent from this page is of another person.
  shown = waiting.packet;
  place("slip-shown", screen).hidden = true;
  place("slip-asked", screen).hidden = false;
  place("sent-silent", screen).textContent = "";
  for (const row of screen.querySelectorAll<HTMLElement>("[data-due]")) row.hidden = true;
  const link = place<HTMLAnchorElement>("sent-number", screen);
  link.textContent = waiting.referral.slice(-6).toUpperCase();
  link.href = `/referrals/${waiting.referral}`;
  place("sent-to", screen).textContent = say("sent-to", { to: waiting.to, moment: written(waiting.at) });
  place("sent-at", screen).textContent = written(waiting.at);
  place("sent-recipient", screen).textContent = waiting.to;
  place("sent-service", screen).textContent = waiting.service;
  whenSubmitted(place<HTMLFormElement>("slip-form", screen), async () => {
    const within = place("slip-form", screen);
    clearError(within);
    const slip = await send<{ code: string; pin: string; until: string }>("POST", `/api/v1/referrals/${waiting.referral}/person-code`, {});
    if (shown !== waiting.packet) return;
    place("person-code", screen).textContent = slip.code;
    place("person-pin", screen).textContent = slip.pin;
    place("person-until", screen).textContent = say("good-until", { day: writtenDay(moment(slip.until) ?? 0) });
    place("slip-shown", screen).hidden = false;
    place("slip-asked", screen).hidden = true;
    place("print-slip", screen).onclick = () => printSlip(slip.code, "", (document.getElementById("slip-number") as HTMLInputElement).value);
  });
  try {
    const { due } = await get<{ due?: { what: string; due: string }[] }>(`/api/v1/referrals/${waiting.referral}`);
    for (const { what, due: until } of shown === waiting.packet ? (due ?? []) : []) {
      const row = screen.querySelector<HTMLElement>(`[data-due="${what}"]`);
      if (row === null) continue;
      row.hidden = false;
      place("due-when", row).textContent = say("by", { moment: written(moment(until) ?? 0) });
      if (what === "decide") place("sent-silent", screen).textContent = say("if-silent", { moment: written(moment(until) ?? 0) });
    }
  } catch (error) {
    // It was sent; until when they answer stands on its own page as well.
    if (!(error instanceof Problem)) throw error;
  }
  try {
    await note(keys, waiting);
  } catch {
    // The key may have been locked meanwhile. The letter is on its way all the same, nothing about it is wrong, and it is noted the next time
    // that this page or the cases are opened.
  }
}

// ---- the page

/** The consent that the page was opened for, where there is one that can be read. */
async function askedFor(keys: Keys, wanted: string | null): Promise<ConsentPaper | undefined> {
  if (wanted === null || !/^kpt_[0-9a-f]{32}$/.test(wanted)) return undefined;
  try {
    return await find<ConsentBody>(keys, "consent", wanted);
  } catch (error) {
    if (error instanceof PaperFault || (error instanceof Problem && error.status === 404)) return undefined;
    throw error;
  }
}

async function begin(): Promise<void> {
  const keys = await open();
  if (keys === undefined) return;
  showScreen("loading", false);
  const both = [sender.id, recipient.id];
  const wanted = new URLSearchParams(location.search).get("consent");
  // All at once: far away each question takes its time, however short the answer is.
  const [agreements, ring, own, asked] = await Promise.all([
    Agreements.between(sender.id, recipient.id, keys.store), known(both, keys.store), keys.signer().catch(() => undefined), askedFor(keys, wanted),
  ]);
  atHand = own;
  const covering = await agreements.covering(sender.id, recipient.id, service.code);
  // What was sealed here and went by itself is shown as sent, where nothing was begun since.
  document.addEventListener(GONE, (event) => {
    const gone = (event as CustomEvent<Waiting[]>).detail.at(-1);
    const isIdle = document.querySelector('[data-screen="kept"]:not([hidden])') !== null;
    void showWaiting(keys).then(() => (gone !== undefined && isIdle ? showSent(keys, gone) : undefined));
  });
  await showWaiting(keys);
  await noteAll(keys);
  if (covering.held === undefined || Object.keys(policy.fields).length === 0) {
    showScreen("no-agreement", false);
    return;
  }
  const member = ({ name: _name, ...party }: Party): Member => ({ ...party, roles: ring.readers(party.id, now()).map(({ role }) => role) });
  const fitting: ConsentPaper[] = [];
  const read: ConsentPaper[] = [];
  let [closed, next] = [0, undefined as string | undefined];
  const add = (papers: ConsentPaper[]): void => {
    const isOver = ({ body: { record } }: ConsentPaper): boolean =>
      read.some(({ body }) => body.record.id === record.id && body.record.version > record.version);
    read.push(...papers);
    const fresh = papers.filter(
      (paper) => mayServe(paper.body, recipient.id, policy, now()) && !isOver(paper) && !fitting.some(({ id }) => id === paper.id),
    );
    fitting.push(...fresh);
    addConsents(fresh, wanted);
  };
  const readOn = async (): Promise<void> => {
    const page = await list<ConsentBody>(keys, "consent", next, next === undefined ? FIRST : MORE);
    add(page.papers);
    closed += page.closed;
    next = page.next;
    place("consents").hidden = fitting.length === 0;
    place("no-consents").hidden = fitting.length > 0 || next !== undefined;
    place("older-row").hidden = next === undefined;
    place("closed-papers").hidden = closed === 0;
  };
  // The one that the page was opened for stands first, however old it is, and the others are read when somebody wants them: all that is on file
  // is much, far away.
  if (asked !== undefined) add([asked]);
  if (fitting.length > 0) place("older-row").hidden = false;
  else await readOn();
  place("reports-row").hidden = service.reports !== "yes";
  place("full-row").hidden = !service.full;
  place("signal-row").hidden = recipient.authority_of === undefined || recipient.authority_of === sender.country;

  type Chosen = Ground & { ready: ReadyConsent; found: Map<string, Standing> };
  const zone = place("consent-zone");

  /** Makes a consent ready to write under; once more from what lies at the hub, where somebody changed its paper meanwhile. */
  const make = async (id: string): Promise<Chosen> => {
    let paper = fitting.find((one) => one.id === id);
    if (paper === undefined) throw new Error("no such consent was offered");
    clearError();
    zone.setAttribute("aria-busy", "true");
    status(say("looking"), form, true);
    try {
      const all = [policy, agreements, ring] as [typeof policy, Agreements, KnownKeys];
      const made = await ready(paper, recipient.id, all, keys).catch(async (error: unknown) => {
        if (!(error instanceof Problem) || error.code !== "custody.changed") throw error;
        return ready(await find<ConsentBody>(keys, "consent", id), recipient.id, all, keys);
      });
      fitting[fitting.indexOf(paper)] = made.paper;
      const ground: Ground = {
        policy, sender: member(sender), recipient: member(recipient), offer: { listed: service.listed, full: service.full }, covering,
        body: made.paper.body, record: made.record, certificate: made.certificate,
      };
      return { ...ground, ready: made, found: standings(ground, now()) };
    } finally {
      status("", form);
      zone.removeAttribute("aria-busy");
    }
  };
  // Whose letter it is, is what the page says: while that is another one than what was made ready, nobody's.
  const choice = new Choosing<Chosen>(() => option("consent"), make, (chosen) => {
    if (chosen === undefined) {
      // What is told of fields goes before the fields do: they come back with another consent.
      look();
      place("consent-facts").hidden = true;
      showFields(new Map());
      return;
    }
    showConsent(chosen.ready, chosen.found);
    showFields(chosen.found);
    look();
  });
  let tried = false;
  const offered = (chosen = choice.current): string[] => [...(chosen?.found ?? [])].filter(([, standing]) => standing === "offered").map(([id]) => id);

  /** What may be sealed as it stands: the letter, and whose it is, of one and the same moment. */
  interface Sure {
    chosen: Chosen;
    released: Released;
    values: Written["values"];
  }
  const look = (move = false): Sure | undefined => {
    const chosen = choice.current;
    const { written: so_far, wrong } = draft(offered(chosen));
    showEnvelope(so_far, chosen?.body.nickname);
    const wrongs: Wrong[] = wrong.map((id) => ({ at: idOf(id), sentence: say("bad-value", { field: called(offer, id) }) }));
    if (tried) wrongs.unshift(...missing(so_far, chosen));
    let sure: Sure | undefined;
    if (chosen !== undefined && so_far.values.size > 0) {
      try {
        sure = { chosen, released: judged(chosen, so_far, now()), values: so_far.values };
      } catch (denied) {
        if (!(denied instanceof Denials)) throw denied;
        // While somebody writes they are not told what they will do at the end anyway.
        const later = ({ code }: Wrong): boolean => !tried && (code === "D601" || code === "D602");
        wrongs.push(...wrongsOf(denied).filter((one) => !later(one)));
      }
    }
    showWrongs(summary, wrongs, move);
    place("mend").textContent = wrongs.length === 0 ? "" : say("mend");
    return wrongs.length === 0 ? sure : undefined;
  };

  const missing = (said: Written, chosen: Chosen | undefined): Wrong[] => [
    ...(said.urgency === "" ? [{ at: "soon", sentence: say("need-soon") }] : []),
    ...(service.reports === "yes" && !isTicked("reports-known") ? [{ at: "reports-known", sentence: say("need-reports") }] : []),
    ...(chosen === undefined ? [{ at: "consents", sentence: say("need-consent") }] : []),
    ...(chosen !== undefined && said.values.size === 0 ? [{ at: "letter", sentence: say("need-something") }] : []),
  ];

  // A device that others use keeps none.
  const drafts = await draftsOf(keys);
  let kept: string | undefined;
  let later: ReturnType<typeof setTimeout> | undefined;
  // While an earlier draft is offered nothing is kept: it would take its place before anybody chose.
  let isOffered = false;
  // Nor from the moment on that the letter is sealed: kept after it was sent, it would be offered to be sent anew.
  let isSealing = false;
  const keepDraft = async (): Promise<void> => {
    clearTimeout(later);
    later = undefined;
    // Another window may have said meanwhile that others use this device.
    if (drafts === undefined || isOffered || (await keys.isShared())) return;
    // Nor while it is not settled whose letter it is: what was typed is aside then, and what was kept before is not written over.
    if (choice.isOpen) return;
    const name = await drafts.keep({ service: service.id, consent: choice.current?.ready.paper.id ?? "" }, typed(offered()), now());
    // Another consent was chosen: it is the same letter.
    if (kept !== undefined && kept !== name) await drafts.drop(kept);
    kept = name;
    const told = name === undefined ? "" : say("draft-kept", { time: writtenTime(now()) });
    // Said once a minute, and never over what is being sealed.
    if (form.getAttribute("aria-busy") !== "true" && place("status", form).textContent !== told) status(told, form);
  };
  /** What is typed is there whether or not it could be kept: a full disk stops nobody from writing. */
  const keepQuietly = (): void => {
    if (!isSealing) void keepDraft().catch(() => undefined);
  };
  const changed = (): void => {
    clearTimeout(later);
    later = setTimeout(keepQuietly, KEEP_AFTER);
  };
  const offerDraft = ({ name, consent, at, said: before }: KeptDraft & { name: string }): void => {
    const box = place("draft");
    const isToday = Math.floor(at / DAY) === Math.floor(now() / DAY);
    place("draft-when", box).textContent = isToday ? say("draft-today", { time: writtenTime(at) }) : say("draft-of", { moment: written(at) });
    isOffered = true;
    box.hidden = false;
    const decide = (button: string, task: () => Promise<void>): void => {
      place<HTMLButtonElement>(button, box).onclick = () =>
        void busy(box, async () => {
          clearError(box);
          await task();
          isOffered = false;
          box.hidden = true;
          look();
          showScreen("write");
        });
    };
    decide("draft-go-on", async () => {
      const choices = consent === "" ? [] : form.querySelectorAll<HTMLInputElement>('input[name="consent"]');
      for (const one of choices) one.checked = one.value === consent;
      if (choice.isOpen) await choice.choose();
      fill(before);
      kept = name;
    });
    decide("draft-throw", async () => {
      await drafts?.drop(name);
      changed();
    });
  };

  /** Chooses what is selected by now, and tells what stands against it where it is selected. */
  const choose = (): void => void choice.choose().then(changed, (error: unknown) => failed(zone, error));
  place("consents").addEventListener("change", choose);
  // One that could not be made ready is tried again by choosing it again, which changes nothing in the page.
  place("consents").addEventListener("click", ({ target }) => {
    if (target instanceof HTMLInputElement && choice.isOpen) choose();
  });
  place("older").addEventListener("click", () => void busy(place("older-row"), async () => {
    clearError(zone);
    await readOn().catch((error: unknown) => failed(zone, error));
  }));
  let pause: ReturnType<typeof setTimeout> | undefined;
  form.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(look, PAUSE);
    changed();
  });
  // A page that goes into the background may not come back.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && later !== undefined) keepQuietly();
  });
  whenSubmitted(form, async () => {
    clearError();
    clearTimeout(pause);
    tried = true;
    if (choice.isOpen) {
      // It is sealed for nobody whose answers did not stand in the page when the button was pressed.
      await choice.choose();
      if (look(true) !== undefined) status(say("chosen-anew"), form);
      return;
    }
    const sure = look(true);
    if (sure === undefined) return;
    status(say("sealing"), form, true);
    // Whose letter it is does not change while it is sealed.
    const choices = document.getElementById("consents") as HTMLFieldSetElement;
    choices.disabled = true;
    let isKept = false;
    try {
      await keepDraft().catch(() => undefined);
      isSealing = true;
      const begun = performance.now();
      const waiting = await sealed(keys, ring, sure.released, sure.values, sure.chosen.ready.paper);
      // How long it took stays in the page, for those who measure it.
      performance.measure("sealed", { start: begun });
      if (kept !== undefined) waiting.draft = kept;
      // Kept before it is sent: an answer that got lost leaves a letter that can be sent again and not a second one.
      await remember(keys.store, waiting);
      isKept = true;
      status(say("sending"), form, true);
      await deliver(keys, waiting);
    } catch (error) {
      if (isKept && error instanceof Problem && mayBeTriedAgain(error)) {
        showScreen("kept");
        document.dispatchEvent(new Event(KEPT));
        // It goes with the button of the letter itself, once they are signed in again.
        if (error.status === 401) failed(place("waiting"), error);
        return;
      }
      // It is written on.
      isSealing = false;
      changed();
      if (error instanceof Problem && error.denials.length > 0) {
        const denied = new Denials();
        for (const { code, fields } of error.denials) denied.raise(code, fields === undefined ? {} : { fields });
        showWrongs(summary, wrongsOf(denied), true);
        return;
      }
      throw error;
    } finally {
      status("", form);
      choices.disabled = false;
    }
  });
  // An earlier draft is looked for before anything can be written that would take its place.
  const consents = fitting.map(({ id }) => id).filter((id) => wanted === null || id === wanted);
  // One that was sealed already waits to be sent, and is not written twice. What waits is asked for first: another window may be sending it,
  // and takes the draft away before what waits.
  const waiting = await waitingOf(keys.store);
  const before = await drafts?.newest(service.id, ["", ...consents], now());
  const isSealed = ({ name, at }: { name: string; at: number }): boolean => waiting.some((one) => one.draft === name && at <= one.at);
  if (before !== undefined && !isSealed(before)) offerDraft(before);
  showScreen("write", false);
  look();
  if (option("consent") !== undefined) await choice.choose().catch((error: unknown) => failed(zone, error));
}

await start(begin);
