// Answers to a letter: what is said with them, in codes or in a few sealed words, and the services that are named instead. Comes when somebody
// begins to answer.

import { Denials } from "../gateway/denials.ts";
import type { Policy } from "../gateway/policy.ts";
import { written as writtenAt } from "../gateway/time.ts";
import { Problem, get } from "./hub.ts";
import type { Keys } from "./keys.ts";
import { NoWords } from "./no-words.ts";
import type { Party } from "./offer.ts";
import { anew, busy, clearError, copied, explain, explainWith, failed, place, say, status, whenSubmitted } from "./page.ts";
import type { WordsDesk } from "./words-desk.ts";

/** What of a letter matters for answering it. */
export interface Answerable {
  referral: string;
  packets: string[];
  own: string;
  other: string;
  sender: string;
  staff: string | null;
  policy: Policy;
  /** Both organisations, ours first. */
  parties: [Party, Party];
  /** A sentence for each deny code that can be raised. */
  denials: Record<string, string>;
  /** The field that a few words to the other side travel in. */
  words_in: string;
  language: string;
}

/** A move, as it is signed. */
export interface Act {
  by: string;
  number: string;
  move: string;
  facts: Record<string, unknown>;
}

/** Who answers what, and how an answer is given. */
export interface Answering {
  keys: Keys;
  data: Answerable;
  act(keys: Keys, asked: Act): Promise<unknown>;
}

let data: Answerable;

explainWith((error) => {
  if (error instanceof Missing) return say("missing");
  if (error instanceof TooMuch) return error.sentence;
  if (error instanceof NoWords) return say(error.word);
  if (error instanceof Denials) return say("no-words", { why: sentences(error.found) });
  if (error instanceof Problem && error.denials.length > 0) return say("no-words", { why: sentences(error.denials) });
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

/** Makes the forms of a page answer. */
export function answering(answers: HTMLElement, { keys, data: all, act }: Answering): void {
  data = all;
  let made: Promise<WordsDesk> | undefined;
  const desk = (): Promise<WordsDesk> => {
    made ??= wordsDesk(keys);
    // What failed for now is tried again.
    made.catch(() => (made = undefined));
    return made;
  };
  for (const within of answers.querySelectorAll<HTMLElement>('[data-place="services"]')) finding(within);
  for (const form of answers.querySelectorAll<HTMLFormElement>("form[data-move]")) {
    following(form);
    wording(form, desk);
    whenSubmitted(form, async () => {
      clearError(form);
      try {
        const { by = "", number = "", move = "" } = form.dataset;
        const { facts, number: another } = said(form);
        const asked = { by, number: another ?? number, move, facts };
        if (Array.isArray(asked.facts["to"]) && asked.facts["to"].length > MOST_SERVICES) {
          throw new TooMuch(say("most-services", { most: String(MOST_SERVICES) }));
        }
        if (hasWords(form)) {
          status(say("sealing"), answers, true);
          const at = await desk();
          const words = wordsOf(form, at);
          if (words !== undefined) set(asked.facts, words.fact, await at.write(words.words));
        }
        status(say("signing"), answers, true);
        await act(keys, asked);
        // What stands now is the hub's to show.
        await anew();
      } catch (error) {
        status("", answers);
        failed(form, error);
      }
    });
  }
}

/** Sets a fact where it stands in the event: `report.pending` is a member of a member. */
function set(facts: Record<string, unknown>, path: string, value: unknown): void {
  const [last = "", ...above] = path.split(".").reverse();
  let at = facts;
  for (const name of above.reverse()) at = (at[name] ??= {}) as Record<string, unknown>;
  at[last] = value;
}

/** What a form says, and under which row of the table. What stands for a choice that was not made is not asked for. */
function said(form: HTMLFormElement): { facts: Record<string, unknown>; number: string | undefined } {
  const found = new Map<string, unknown>();
  const facts: Record<string, unknown> = {};
  let number: string | undefined;
  for (const input of form.querySelectorAll<HTMLInputElement>("[data-fact]")) {
    const { fact = "", kind, optional, more } = input.dataset;
    // Words are sealed apart, and the event names what they are sealed in.
    if (kind === "words" || input.closest("[data-while][hidden]") !== null) continue;
    if (!found.has(fact) && optional === undefined) found.set(fact, undefined);
    if (/radio|checkbox/.test(input.type) && !input.checked) continue;
    if (input.value === "" && kind !== "own") continue;
    switch (kind) {
      case "service":
      case "need":
        found.set(fact, [...((found.get(fact) as string[] | undefined) ?? []), input.value]);
        break;
      case "own":
        found.set(fact, data.staff ?? undefined);
        break;
      case "json":
        found.set(fact, JSON.parse(input.value) as unknown);
        number = input.dataset["number"] ?? number;
        if (more !== undefined) Object.assign(facts, JSON.parse(more));
        break;
      case "count":
        found.set(fact, Number(input.value));
        break;
      case "day":
        found.set(fact, input.value);
        break;
      case "moment":
        // What was typed is the time of this device.
        found.set(fact, writtenAt(new Date(input.value).getTime() * 1000));
        break;
    }
  }
  if ([...found.values()].some((value) => value === undefined)) throw new Missing();
  for (const [fact, value] of found) set(facts, fact, value);
  return { facts, number };
}

/** Shows what is asked for with one choice alone, while that is chosen. */
function following(form: HTMLFormElement): void {
  const parts = [...form.querySelectorAll<HTMLElement>("[data-while]")];
  if (parts.length === 0) return;
  const follow = (): void => {
    const codes = new Set([...form.querySelectorAll<HTMLInputElement>("input:checked")].map(({ dataset }) => dataset["code"]));
    for (const part of parts) part.hidden = !codes.has(part.dataset["while"]);
  };
  form.addEventListener("change", follow);
  follow();
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
      no.hidden = true;
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
    const isChosen = [...form.querySelectorAll<HTMLInputElement>("input:checked")].some(({ dataset }) => dataset["code"] === when);
    block.hidden = !(when === "" || when === "always" || isChosen);
    void look();
  };
  form.addEventListener("change", follow);
  const around = form.closest("details");
  around?.addEventListener("toggle", follow);
  // It was opened, and perhaps something was chosen, before this was here.
  if (around?.open === true) follow();
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
