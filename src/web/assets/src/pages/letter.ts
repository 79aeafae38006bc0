// One referral: its letter is fetched and opened here, and its answers are signed here. The hub gets events and receipts, and nothing of what
// stood in the letter.

import type { Json } from "../gateway/closed.ts";
import { own } from "../gateway/dictionary.ts";
import { WrongReceipt, believed, signEvent } from "../gateway/event.ts";
import { Quarantined, Refusal, outward } from "../gateway/fault.ts";
import { Locked } from "../gateway/keys.ts";
import { type Desk, type Opened, type Reading, open, receiptFor } from "../gateway/open.ts";
import type { Envelope } from "../gateway/packet.ts";
import { inOrder } from "../gateway/policy.ts";
import { now } from "../gateway/time.ts";
import type { Act, Answerable } from "../desk/answering.ts";
import { beginHead } from "../desk/chip.ts";
import { Problem, ask, send } from "../desk/hub.ts";
import { Keys, NoKey, NotConfirmed } from "../desk/keys.ts";
import { busy, carried, clearError, copied, explainWith, failed, listed, place, say, status } from "../desk/page.ts";
import { attached } from "../desk/saving.ts";
import { known, nodeKey } from "../desk/trust.ts";
import { unlocked } from "../desk/unlock.ts";

beginHead();

interface Data extends Answerable {
  head: string;
  /** The row by which looking at it is noted, while nobody has. */
  unread: string | null;
  /** What roles, fields and choices are called. */
  words: Record<string, string>;
  readers: Record<string, string[]>;
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
  if (!(error instanceof Problem)) return undefined;
  if (error.code === "referral.stale") return say("stale");
  if (error.code === "packet.held") return say("held");
  if (error.code === "packet.purged") return say("purged");
  return undefined;
});

// The letter

/** A packet as the hub hands it out. */
interface Coming {
  bytes: Uint8Array<ArrayBuffer>;
  receipt: string;
}

async function body(packet: string): Promise<Coming> {
  const response = await ask("GET", `/api/v1/packets/${packet}`);
  return { bytes: new Uint8Array(await response.arrayBuffer()), receipt: response.headers.get("throughline-receipt") ?? "" };
}

async function desk(keys: Keys): Promise<Desk> {
  // All at once: far away each question takes its time, however short the answer is.
  const [readers, signer, node, ring] = await Promise.all([
    keys.readers(), keys.signer(), nodeKey(keys.store), known([data.own, data.other], keys.store),
  ]);
  return { organisation: data.own, keys: readers.map(({ key }) => key), signer, node, known: ring, dictionary: data.policy, now: now() };
}

/** Opens a letter and shows it; the hub is told, once, that it arrived whole, or that it held what it must not. */
async function show(packet: string, coming: Promise<Coming> | undefined, keys: Keys, at: Desk): Promise<void> {
  const seen = `opened ${packet}`;
  const before = (await keys.store.get(seen)) as string | undefined;
  const reading: Reading = before === undefined ? "first" : { again: before };
  const { bytes, receipt } = await (coming ?? body(packet));
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
  for (const { compartment, fields } of opened.documents) {
    const inside = inOrder(data.policy, Object.keys(fields)).map((id): [string, Json] => [id, fields[id] ?? null]);
    where.append(part(readers(compartment), inside, kind));
  }
  where.append(...opened.files.map(attached));
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
  listed((data.readers[compartment] ?? []).map((role) => data.words[`reader-${role}`] ?? role));

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
  if (Array.isArray(value)) return listed(value.map((one) => readable(one, isCode)));
  if (typeof value === "string" && isCode) return own(data.words, value) ?? value.replaceAll("_", " ");
  return String(value);
}

// Answers

let head = data.head;

async function act(keys: Keys, asked: Act): Promise<Moved> {
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
  try {
    await act(keys, { by: "intake", number: data.unread, move: "acknowledge", facts: { worker: data.staff } });
  } catch (error) {
    // Somebody else of the organisation looked at it at the same moment.
    if (!(error instanceof Problem) || error.code !== "referral.stale") throw error;
    head = (await standing()).party.head;
  }
}

/**
 * Shows what can be answered. What an answer is made with comes when somebody opens one or presses its button: most letters are only read.
 */
function answering(keys: Keys): void {
  const answers = document.querySelector<HTMLElement>('[data-place="answers"]');
  if (answers === null) return;
  answers.hidden = false;
  let coming: Promise<void> | undefined;
  const ready = (): Promise<void> => (coming ??= import("../desk/answering.ts").then((made) => made.answering(answers, { keys, data, act })));
  const wait = async (): Promise<void> => {
    try {
      await ready();
    } catch {
      coming = undefined;
      throw new Problem(0, {});
    }
    answers.removeEventListener("submit", pressed);
    answers.removeEventListener("toggle", opened, true);
  };
  const pressed = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    // Enter in the field of a search looks for services, and answers nothing.
    const isSearch = document.activeElement?.matches('[data-place="services-text"]') === true;
    clearError(form);
    void busy(form, wait).then(() => {
      if (form.onsubmit === null) return;
      if (isSearch) place("services-search", form).click();
      else form.requestSubmit(event.submitter);
    });
  };
  // A press of its button says what is wrong; opening it was only a beginning.
  const opened = (): void => void wait().catch(() => undefined);
  answers.addEventListener("submit", pressed);
  answers.addEventListener("toggle", opened, true);
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
    // They come while the keys do. Where it is not sure that anybody reads here they wait: what was fetched counts as disclosed.
    const coming = new Map((await keys.hasRead()) ? data.packets.map((packet) => [packet, body(packet)]) : []);
    for (const one of coming.values()) one.catch(() => undefined);
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
        if (at !== undefined) await show(packet, coming.get(packet), keys, at);
        shown++;
      } catch (error) {
        // A letter that was deleted, held back or refused says so, and what can be done without it stays possible.
        if (error instanceof Locked) throw error;
        failed(letters, error);
      }
    }
    try {
      if (shown > 0) await acknowledge(keys);
    } catch (error) {
      // What could not be noted is told, and the letter can be answered all the same.
      if (!(error instanceof Problem)) throw error;
      failed(letters, error);
    }
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
