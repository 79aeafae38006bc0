// One referral: its letter is fetched and opened here, and its answers are signed here. The hub gets events and receipts, and nothing of what
// stood in the letter.

import type { Json } from "../gateway/closed.ts";
import { own } from "../gateway/dictionary.ts";
import { WrongReceipt, believed, signEvent } from "../gateway/event.ts";
import { Quarantined, Refusal, outward } from "../gateway/fault.ts";
import { Locked } from "../gateway/keys.ts";
import { type Desk, type Opened, type Reading, open, receiptFor } from "../gateway/open.ts";
import { Denials } from "../gateway/denials.ts";
import type { Envelope } from "../gateway/packet.ts";
import { type Policy } from "../gateway/policy.ts";
import { now, written as writtenAt } from "../gateway/time.ts";
import { Problem, ask, get, send } from "../desk/hub.ts";
import { Keys, NoKey, NotConfirmed } from "../desk/keys.ts";
import { NoWords } from "../desk/no-words.ts";
import type { Party } from "../desk/offer.ts";
import { busy, carried, clearError, copied, explain, explainWith, failed, place, say, status, whenSubmitted } from "../desk/page.ts";
import { known, nodeKey } from "../desk/trust.ts";
import { unlocked } from "../desk/unlock.ts";
import type { WordsDesk } from "../desk/words-desk.ts";

interface Data {
  referral: string;
  packets: string[];
  own: string;
  other: string;
  sender: string;
  staff: string | null;
  head: string;
  /** The row by which looking at it is noted, while nobody has. */
  unread: string | null;
  policy: Policy;
  /** What roles, fields and choices are called. */
  words: Record<string, string>;
  readers: Record<string, string[]>;
  /** Both organisations, ours first. */
  parties: [Party, Party];
  /** A sentence for each deny code that can be raised. */
  denials: Record<string, string>;
  /** The field that a few words to the other side travel in. */
  words_in: string;
  language: string;
}

/** What the hub answers to an event. */
interface Moved {
  receipt: string;
  referral: { state: string; party: { head: string } };
}

const data = carried<Data>("data");
const letters = place("letters");

explainWith((error) => {
  if (error instanceof Quarantined) return say("quarantined");
  if (error instanceof Refusal) return say(error.check === 300 ? "not-for-you" : "refused", { number: String(outward(error.check)) });
  if (error instanceof WrongReceipt) return say("receipt");
  if (error instanceof Missing) return say("missing");
  if (error instanceof TooMuch) return error.sentence;
  if (error instanceof NoWords) return say(error.word);
  if (error instanceof Denials) return say("no-words", { why: sentences(error.found) });
  if (!(error instanceof Problem)) return undefined;
  if (error.denials.length > 0) return say("no-words", { why: sentences(error.denials) });
  if (error.code === "referral.stale") return say("stale");
  if (error.code === "packet.held") return say("held");
  if (error.code === "packet.purged") return say("purged");
  return undefined;
});

/** Something that has to be said is not. */
class Missing extends Error {}

/** More was said than there may be. */
class TooMuch extends Error {
  readonly sentence: string;

  constructor(sentence: string) {
    super("more was said than there may be");
    this.sentence = sentence;
  }
}

/** What stands against something, in sentences. */
const sentences = (found: { code: string }[]): string => [...new Set(found.map(({ code }) => `${data.denials[code] ?? ""} (${code})`.trim()))].join(" ");

// The letter

async function body(packet: string): Promise<{ bytes: Uint8Array<ArrayBuffer>; receipt: string }> {
  const response = await ask("GET", `/api/v1/packets/${packet}`);
  return { bytes: new Uint8Array(await response.arrayBuffer()), receipt: response.headers.get("throughline-receipt") ?? "" };
}

async function desk(keys: Keys): Promise<Desk> {
  return {
    organisation: data.own,
    keys: (await keys.readers()).map(({ key }) => key),
    signer: await keys.signer(),
    node: await nodeKey(keys.store),
    known: await known([data.own, data.other], keys.store),
    dictionary: data.policy,
    now: now(),
  };
}

/** Opens a letter and shows it; the hub is told, once, that it arrived whole, or that it held what it must not. */
async function show(packet: string, keys: Keys, at: Desk): Promise<void> {
  const seen = `opened ${packet}`;
  const before = (await keys.store.get(seen)) as string | undefined;
  const reading: Reading = before === undefined ? "first" : { again: before };
  const { bytes, receipt } = await body(packet);
  let opened: Opened;
  try {
    opened = await open(bytes, receipt, reading, at);
  } catch (error) {
    if (error instanceof Quarantined) await send("POST", `/api/v1/packets/${packet}/receipts`, { receipt: error.report });
    throw error;
  }
  letters.append(drawn(opened));
  // Our own letter, opened again to see what was sent, is nobody's delivery. What could not be told is told the next time.
  if (before === undefined && opened.envelope.iss !== data.own) {
    await send("POST", `/api/v1/packets/${packet}/receipts`, { receipt: await receiptFor(opened, at) });
  }
  await keys.store.put(seen, opened.digest);
}

function drawn(opened: Opened): HTMLElement {
  const letter = copied("letter");
  const where = place("body", letter);
  const { kind } = opened.envelope;
  for (const { compartment, fields } of opened.documents) where.append(part(readers(compartment), Object.entries(fields), kind));
  for (const { name } of opened.files) where.append(line("note", say("file", { name })));
  const unknown = Object.entries(opened.unknown);
  if (unknown.length > 0) {
    where.append(line("note", say("unknown")));
    where.append(part("", unknown));
  }
  const closed = opened.envelope.sections.filter(({ id }) => opened.notForUs.includes(id)).map(({ role }) => role);
  for (const compartment of new Set(closed)) where.append(line("shut", say("closed", { role: roleNames(compartment) })));
  return letter;
}

/** Who reads a compartment, in words. */
const roleNames = (compartment: string): string =>
  (data.readers[compartment] ?? []).map((role) => data.words[`reader-${role}`] ?? role).join(", ");

const readers = (compartment: string): string => say("reader", { role: roleNames(compartment) });

function line(template: string, text: string): HTMLElement {
  const element = copied(template);
  const where = element.querySelector("span, p") ?? element;
  where.textContent = text;
  return element;
}

function part(heading: string, fields: [string, Json][], kind: Envelope["kind"] = "referral"): HTMLElement {
  const element = copied("part");
  const title = element.querySelector("h3");
  if (title !== null) title.textContent = heading;
  const list = place("fields", element);
  for (const [id, value] of fields) {
    const fact = copied("fact");
    const [term, said] = [fact.querySelector("dt"), fact.querySelector("bdi")];
    // What is written between the two sides is no field of a form.
    const isWords = id === data.words_in && kind !== "referral";
    if (term !== null) term.textContent = isWords ? say(kind === "reply" ? "words-back" : "words-added") : own(data.words, id) ?? own(data.policy.fields, id)?.label ?? id;
    if (said !== null) said.textContent = readable(value, own(data.policy.fields, id)?.shape.kind === "code");
    list.append(fact);
  }
  return element;
}

/** A value as people read it. Codes that nobody gave a name are shown as the policy writes them, without their underscores. */
function readable(value: Json, isCode: boolean): string {
  if (typeof value === "boolean") return say(value ? "yes" : "no");
  if (Array.isArray(value)) return value.map((one) => readable(one, isCode)).join(", ");
  if (typeof value === "string" && isCode) return own(data.words, value) ?? value.replaceAll("_", " ");
  return String(value);
}

// Answers

let head = data.head;

async function act(keys: Keys, asked: { by: string; number: string; move: string; facts: Record<string, unknown> }): Promise<Moved> {
  const event = await signEvent({ ...asked, referral: data.referral, prev: head, issuer: data.own }, await keys.signer(), now());
  const moved = await send<Moved>("POST", `/api/v1/referrals/${data.referral}/events`, { event: event.token });
  await believed(moved.receipt, event, await nodeKey(keys.store));
  head = moved.referral.party.head;
  return moved;
}

/** Where it stands now: a receipt may have moved it. */
async function standing(): Promise<{ state: string; party: { head: string } }> {
  return (await (await ask("GET", `/api/v1/referrals/${data.referral}`)).json()) as { state: string; party: { head: string } };
}

/** Notes that somebody looked at it, once. */
async function acknowledge(keys: Keys): Promise<void> {
  if (data.unread === null || data.staff === null) return;
  const stands = await standing();
  head = stands.party.head;
  if (stands.state !== "submitted" && stands.state !== "delivered") return;
  await act(keys, { by: "intake", number: data.unread, move: "acknowledge", facts: { worker: data.staff } });
}

function facts(form: HTMLFormElement): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const input of form.querySelectorAll<HTMLInputElement>("[data-fact]")) {
    const fact = input.dataset["fact"] ?? "";
    // Words are sealed apart, and the event names what they are sealed in.
    if (input.dataset["kind"] === "words") continue;
    found[fact] ??= undefined;
    if (/radio|checkbox/.test(input.type) && !input.checked) continue;
    switch (input.dataset["kind"]) {
      case "service":
        found[fact] = [...((found[fact] as string[] | undefined) ?? []), input.value];
        break;
      case "own":
        found[fact] = data.staff;
        break;
      case "json":
        found[fact] = JSON.parse(input.value) as unknown;
        break;
      case "day":
        found[fact] = input.value === "" ? undefined : input.value;
        break;
      case "moment":
        // What was typed is the time of this device.
        found[fact] = input.value === "" ? undefined : writtenAt(new Date(input.value).getTime() * 1000);
        break;
    }
  }
  if (Object.values(found).some((value) => value === undefined || value === null)) throw new Missing();
  return found;
}

// Words to the other side

/** The most services that may be named instead. */
const MOST_SERVICES = 5;
/** How many services a search shows. */
const SHOWN = 8;

/** What words are written with comes when somebody wants to write: most letters are answered with a code. */
const wordsDesk = async (keys: Keys): Promise<WordsDesk> => (await import("../desk/words-desk.ts")).wordsDesk(keys, data);

/** Shows where words can be written, and says in their place why they cannot. Nothing is asked of the hub before somebody wants to. */
function wording(form: HTMLFormElement, desk: () => Promise<WordsDesk>): void {
  const block = form.querySelector<HTMLElement>('[data-place="words"]');
  if (block === null) return;
  const area = block.querySelector("textarea") as HTMLTextAreaElement;
  const left = place("words-left", block);
  const when = block.dataset["when"] ?? "";
  let asked = false;
  const look = async (): Promise<void> => {
    if (asked || block.hidden) return;
    asked = true;
    const no = place("no-words", block);
    try {
      const { most, judge } = await desk();
      judge();
      const count = (): void => void (left.textContent = say("words-left", { count: String([...area.value].length), most: String(most) }));
      area.addEventListener("input", count);
      count();
    } catch (error) {
      // What stands against words, or that there is nothing to write them with; anything else may pass.
      const why = error instanceof Denials || error instanceof NoWords;
      if (!why) asked = false;
      no.textContent = why ? explain(error) : say("unreachable");
      no.hidden = false;
      place("words-field", block).hidden = why;
      if (why) area.value = "";
      for (const button of form.querySelectorAll<HTMLButtonElement>("button:not([type])")) button.hidden = why && when === "always";
    }
  };
  const follow = (): void => {
    const isChosen = [...form.querySelectorAll<HTMLInputElement>('[data-fact="reason"]:checked')].some(({ value }) => value === JSON.stringify(when));
    block.hidden = !(when === "" || when === "always" || isChosen);
    void look();
  };
  form.addEventListener("change", follow);
  form.closest("details")?.addEventListener("toggle", follow);
}

/** The words of a form that are to go; nothing when there are none. */
function wordsOf(form: HTMLFormElement, { most }: WordsDesk): { fact: string; words: string } | undefined {
  const block = form.querySelector<HTMLElement>('[data-place="words"]');
  const area = block?.querySelector("textarea");
  if (block === null || area === null || area === undefined || block.hidden) return undefined;
  const words = area.value.trim().replace(/\s+/g, " ");
  if (words === "" && block.dataset["when"] !== "") throw new Missing();
  if ([...words].length > most) throw new TooMuch(say("too-long", { most: String(most) }));
  return words === "" ? undefined : { fact: area.dataset["fact"] ?? "", words };
}

/** Whether a form has words in it, or must have them. */
function hasWords(form: HTMLFormElement): boolean {
  const block = form.querySelector<HTMLElement>('[data-place="words"]');
  return block !== null && !block.hidden && (block.querySelector("textarea")?.value.trim() !== "" || block.dataset["when"] !== "");
}

// Services instead

interface FoundService {
  id: string;
  name: string;
  provider: string;
  member?: string;
}

/** Looks services up in the directory, and adds them to those that can be chosen. */
function finding(within: HTMLElement): void {
  const field = place<HTMLInputElement>("services-text", within);
  const rows = place("services-list", within);
  const line = place("services-status", within);
  const find = (): void => void busy(within, async () => {
    const text = field.value.trim();
    if (text === "") return;
    const path = `/api/v1/services?text=${encodeURIComponent(text)}&lang=${data.language}&limit=${SHOWN}`;
    const { items } = await get<{ items: FoundService[] }>(path);
    const others = items.filter(({ member }) => member !== data.own);
    // What was chosen stays; what was found before and not chosen makes room.
    for (const row of [...rows.children]) if (row.querySelector("input")?.checked === false) row.remove();
    const there = new Set([...rows.querySelectorAll("input")].map(({ value }) => value));
    for (const { id, name, provider } of others.filter((one) => !there.has(one.id))) {
      const row = copied("service-option");
      (row.querySelector("input") as HTMLInputElement).value = id;
      (row.querySelector("span") as HTMLElement).textContent = say("service-of", { name, provider });
      rows.append(row);
    }
    line.textContent = others.length === 0 ? say("found-nothing") : say("found", { count: String(others.length) });
  });
  place("services-search", within).addEventListener("click", find);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    find();
  });
}

function answering(keys: Keys): void {
  let made: Promise<WordsDesk> | undefined;
  const desk = (): Promise<WordsDesk> => {
    made ??= wordsDesk(keys);
    // What failed for now is tried again.
    made.catch(() => (made = undefined));
    return made;
  };
  const answers = document.querySelector<HTMLElement>('[data-place="answers"]');
  if (answers === null) return;
  answers.hidden = false;
  for (const within of answers.querySelectorAll<HTMLElement>('[data-place="services"]')) finding(within);
  for (const form of answers.querySelectorAll<HTMLFormElement>("form[data-move]")) {
    wording(form, desk);
    whenSubmitted(form, async () => {
      clearError(form);
      try {
        const { by = "", number = "", move = "" } = form.dataset;
        const asked = { by, number, move, facts: facts(form) };
        if (Array.isArray(asked.facts["to"]) && asked.facts["to"].length > MOST_SERVICES) {
          throw new TooMuch(say("most-services", { most: String(MOST_SERVICES) }));
        }
        if (hasWords(form)) {
          status(say("sealing"), answers, true);
          const at = await desk();
          const words = wordsOf(form, at);
          if (words !== undefined) asked.facts[words.fact] = await at.write(words.words);
        }
        status(say("signing"), answers, true);
        await act(keys, asked);
        // What stands now is the hub's to show.
        location.reload();
      } catch (error) {
        status("", answers);
        failed(form, error);
      }
    });
  }
}

// All of it

async function begin(): Promise<void> {
  const keys = await Keys.load();
  if (keys.view.member === undefined) throw new NoKey();
  await unlocked(keys);
  const line = place("line", letters);
  line.hidden = false;
  status(say("opening"), line, true);
  try {
    let at: Desk | undefined;
    try {
      at = await desk(keys);
    } catch (error) {
      // Who has no key of a role reads nothing, and can answer all the same.
      if (!(error instanceof NotConfirmed) || !(await keys.isConfirmed())) throw error;
      failed(letters, new Refusal(300));
    }
    let shown = 0;
    for (const packet of at === undefined ? [] : data.packets) {
      try {
        if (at !== undefined) await show(packet, keys, at);
        shown++;
      } catch (error) {
        // A letter that was deleted, held back or refused says so, and what can be done without it stays possible.
        if (error instanceof Locked) throw error;
        failed(letters, error);
      }
    }
    if (shown > 0) await acknowledge(keys);
    answering(keys);
  } finally {
    line.hidden = true;
  }
}

void begin().catch((error: unknown) => {
  const text = error instanceof NoKey ? say("no-key") : error instanceof NotConfirmed ? say("waits") : undefined;
  if (error instanceof Locked) return location.reload();
  if (text === undefined) return failed(letters, error);
  place("first-day-text").textContent = text;
  place("first-day").hidden = false;
});
