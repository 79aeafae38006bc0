// What a page gives its script: data, words, and places to show them. Scripts make no text and no markup of their own: everything that is
// read stands in the page, in its language, and is shown, hidden or filled in.

/** The place in the page that a script needs; the page is broken without it. */
export function place<T extends HTMLElement = HTMLElement>(name: string, within: ParentNode = document): T {
  const found = within.querySelector<T>(`[data-place="${name}"]`);
  if (found === null) throw new Error(`the page has no place ${name}`);
  return found;
}

/** JSON that the page carries. */
export function carried<T>(id: string): T {
  return JSON.parse(document.getElementById(id)?.textContent ?? "null") as T;
}

let words: Record<string, string> | undefined;

/** A sentence of the page in its language, with its gaps filled in. */
export function say(name: string, gaps: Record<string, string> = {}): string {
  words ??= carried<Record<string, string> | null>("words") ?? {};
  return (words[name] ?? name).replace(/\{(\w+)\}/g, (gap, key: string) => gaps[key] ?? gap);
}

/** Shows one screen of those that stand beside each other, and moves the reader to its heading. */
export function showScreen(name: string, move = true): HTMLElement {
  let shown: HTMLElement | undefined;
  for (const screen of document.querySelectorAll<HTMLElement>("[data-screen]")) {
    screen.hidden = screen.dataset["screen"] !== name;
    if (!screen.hidden) shown = screen;
  }
  if (shown === undefined) throw new Error(`the page has no screen ${name}`);
  const heading = [...shown.querySelectorAll<HTMLElement>("h1, h2")].find((one) => one.closest("[hidden]") === null);
  if (move && heading !== undefined) {
    heading.tabIndex = -1;
    heading.focus();
  }
  return shown;
}

/** The one status line of a screen. `busy` while something is done that takes a while. */
export function status(text: string, within: ParentNode = document, busy = false): void {
  const line = place("status", within);
  line.textContent = text;
  line.classList.toggle("busy", busy);
}

/** Does something once at a time while its form is busy, and tells what went wrong in the status line. */
export function whenSubmitted(form: HTMLFormElement, task: (submitter: HTMLElement | null) => Promise<void>): void {
  // The handler is replaced, not added: a screen that is shown again begins anew.
  form.onsubmit = (event) => {
    event.preventDefault();
    void busy(form, () => task(event.submitter));
  };
}

/** Does something once at a time with the buttons of an element put out of reach meanwhile. */
export async function busy(within: HTMLElement, task: () => Promise<void>): Promise<void> {
  if (within.getAttribute("aria-busy") === "true") return;
  within.setAttribute("aria-busy", "true");
  try {
    await task();
  } catch (error) {
    failed(within, error);
  } finally {
    within.removeAttribute("aria-busy");
  }
}

/** Asks for the page anew, and never ends: what was pressed stays out of reach until the page is gone. */
export function anew(): Promise<never> {
  location.reload();
  return new Promise(() => undefined);
}

/** What tells a failure in words, when a page has more to say than [`explain`]. */
export type Explain = (error: unknown) => string | undefined;
const explains: Explain[] = [];

/** Adds words for failures. The last one added is asked first. */
export const explainWith = (explain: Explain): void => void explains.unshift(explain);

/** A failure in words. Nothing of what failed stands in them but what was made for people. */
export function explain(error: unknown): string {
  for (const one of explains) {
    const text = one(error);
    if (text !== undefined) return text;
  }
  return say("failed");
}

/** Tells a failure where somebody looks, and moves the reader there. */
export function failed(within: ParentNode, error: unknown): void {
  const places = [...within.querySelectorAll<HTMLElement>('[data-place="error"]'), ...document.querySelectorAll<HTMLElement>('[data-place="error"]')];
  // Not in a part of the page that is hidden at the moment.
  const summary = places.find((one) => one.parentElement?.closest("[hidden]") === null) ?? places[0];
  if (summary === undefined) return;
  place("error-text", summary).textContent = explain(error);
  summary.hidden = false;
  summary.focus();
}

/** Takes away what was told of an earlier failure. */
export function clearError(within: ParentNode = document): void {
  for (const summary of within.querySelectorAll<HTMLElement>('[data-place="error"]')) summary.hidden = true;
}

/** A copy of a template's first element. */
export function copied<T extends HTMLElement>(id: string): T {
  const template = document.getElementById(id);
  const first = template instanceof HTMLTemplateElement ? template.content.firstElementChild : null;
  if (first === null) throw new Error(`the page has no template ${id}`);
  return document.importNode(first, true) as unknown as T;
}

/** Several things one after another, with what the page's language puts between them. */
export function listed(all: readonly string[]): string {
  return all.join(document.documentElement.lang === "ar" ? "، " : ", ");
}

/** The page's language, as days are written in it: in English the day stands before the month, as the server writes it. */
function language(): string {
  const { lang } = document.documentElement;
  return lang === "en" ? "en-GB" : lang;
}

/** A moment as the page's language writes it, in UTC, as everywhere in the pages. */
export function written(moment: number): string {
  const format = new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short", hourCycle: "h23", timeZone: "UTC" });
  return `${format.format(new Date(moment / 1000))} UTC`;
}

/** The time of a moment, in UTC as well. */
export function writtenTime(moment: number): string {
  const format = new Intl.DateTimeFormat(language(), { timeStyle: "short", hourCycle: "h23", timeZone: "UTC" });
  return `${format.format(new Date(moment / 1000))} UTC`;
}

/** A day as the page's language writes it. */
export function writtenDay(moment: number): string {
  return new Intl.DateTimeFormat(language(), { dateStyle: "long", timeZone: "UTC" }).format(new Date(moment / 1000));
}
