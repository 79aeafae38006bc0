// The people an organisation accompanies, under the nicknames it gave them. Read here, out of its own sealed papers; the hub knows none of it
// but whether a consent was taken back, and is asked that for the people who are shown.

import { moment, now } from "../gateway/time.ts";
import { isChild, until } from "../gateway/consent.ts";
import { partsOf } from "../desk/asking.ts";
import { beginHead } from "../desk/chip.ts";
import { type ConsentBody, type ConsentPaper, type Extent, type Seen, isTakenBack, newest, standsNow } from "../desk/consents.ts";
import { Problem, get } from "../desk/hub.ts";
import { noteAll } from "../desk/noting.ts";
import { open, start } from "../desk/offer.ts";
import type { Keys } from "../desk/keys.ts";
import { busy, carried, clearError, copied, explainWith, failed, listed, place, say, showScreen, status, whenSubmitted, writtenDay } from "../desk/page.ts";
import { list } from "../desk/papers.ts";
import { takeBack } from "../desk/taking-back.ts";

beginHead();

const { words } = carried<{ words: Record<string, string> }>("data");
/** How long before its end a consent is worth asking for again. */
const SOON = 14 * 86_400_000_000;
/** How many papers are read when the page opens, and how many each time after that: each is some kilobytes. */
const [FIRST, MORE] = [30, 100];
/** How many people are shown at once. */
const AT_ONCE = 20;
/** How long nothing is typed before the hub is asked about those who are found. */
const PAUSE = 400;

/** Nothing was chosen that is to be taken back. */
class NothingChosen extends Error {}
explainWith((error) => (error instanceof NothingChosen ? say("nothing-chosen") : undefined));

interface Person {
  name: string;
  papers: ConsentPaper[];
  row?: HTMLElement;
}

/** Everybody who was read, by nickname. */
const people = new Map<string, Person>();

/** Adds papers to those of the same nickname, as the team writes it. What somebody is about to press in the row of another one stays. */
function add(papers: ConsentPaper[]): void {
  for (const paper of papers) {
    const name = paper.body.nickname.trim().toLowerCase();
    // Whoever said no before anybody gave them a nickname is nobody's case.
    if (name === "") continue;
    const person = people.get(name) ?? { name, papers: [] };
    person.papers.push(paper);
    delete person.row;
    people.set(name, person);
  }
}

/** When the last yes of a consent ends; nothing when it has none. */
function ends({ record }: ConsentBody): number | undefined {
  const yes = record.lines.map(({ line }) => line).filter(({ effect }) => effect === "permit");
  return record.status === "given" && yes.length > 0 ? Math.max(...yes.map(until)) : undefined;
}

/** Whether a consent holds as far as its record says. */
const mayHold = (body: ConsentBody): boolean => (ends(body) ?? 0) >= now();

/** What the hub said, by the id of the certificate. */
const seen = new Map<string, Seen>();

/** What the hub said of all certificates of a consent; nothing while it did not of one. */
function seenOf({ certificates }: ConsentBody): Seen[] {
  const all = Object.values(certificates).map(({ id }) => seen.get(id));
  return all.every((one) => one !== undefined) ? all : [];
}

function stands(body: ConsentBody): string {
  const end = ends(body);
  const codes = new Set(body.record.lines.flatMap(({ line }) => line.service ?? []));
  const services = listed([...codes].map((code) => words[code] ?? code));
  const day = writtenDay(end ?? moment(body.record.collected.at) ?? 0);
  if (end === undefined) return say("said-no", { day });
  const taken = body.taken_back?.at(-1);
  if (taken !== undefined && isTakenBack(body)) return say("taken-back", { services, day: writtenDay(moment(taken.at) ?? 0) });
  if (!mayHold(body)) return say("ended", { services, day });
  if (isChild(body.record)) return say("of-a-child", { services, day: writtenDay(moment(body.record.collected.at) ?? 0) });
  const told = seenOf(body);
  // While the hub was not asked there is no moment since when.
  const since = told.length === 0 ? day : writtenDay(Math.max(...told.map((one) => moment(one.since) ?? 0)));
  switch (standsNow(told)) {
    case "holds":
      return say("holds", { services, day });
    case "in_part":
      return say("in-part", { services, day });
    case "taken_back":
      return say("taken-back", { services, day: since });
    case "ended":
      return say("ended", { services, day: since });
    case "not_known":
      return say("not-known", { services, day });
  }
}

/** Whether it is worth asking again: it ends soon, and was not taken back already. */
function isAskedAgain(body: ConsentBody): boolean {
  const end = ends(body);
  const isOver = ["taken_back", "ended"].includes(standsNow(seenOf(body)));
  return end !== undefined && mayHold(body) && end < now() + SOON && !isOver;
}

/** The parts that are still said yes to, by what the hub and the paper say. */
const left = (body: ConsentBody): ReturnType<typeof partsOf> =>
  partsOf(body.record, [...seenOf(body).flatMap(({ denied }) => denied), ...(body.taken_back ?? []).map(({ extent }) => extent)]);

/** What a part is called: a question as it is asked, a kind of data, or a field. */
const partName = (name: string): string => words[name] ?? (say(`ask-${name}`) === `ask-${name}` ? name : say(`ask-${name}`));

/** Shows what can be changed: to take it back, all of it or a part, and to ask again from what was said. */
function changing(paper: ConsentPaper, line: HTMLElement, person: Person, keys: Keys): void {
  const form = place<HTMLFormElement>("change-form", line);
  const group = `extent-${paper.id}`;
  const [all, part] = [...form.querySelectorAll<HTMLInputElement>('input[type="radio"]')] as [HTMLInputElement, HTMLInputElement];
  all.name = group;
  part.name = group;
  const parts = place("change-parts", form);
  const rows = place("change-list", form);
  form.addEventListener("change", () => (parts.hidden = !part.checked));
  const service = paper.body.services[0];
  const again = place<HTMLAnchorElement>("change-again", line);
  again.hidden = service === undefined;
  again.href = `/consents/new?service=${service ?? ""}&again=${paper.id}`;
  line.querySelector("details")?.addEventListener("toggle", () => {
    if (rows.childElementCount > 0) return;
    rows.append(...left(paper.body).map(({ name }) => {
      const row = copied("part-choice");
      (row.querySelector("input") as HTMLInputElement).value = name;
      (row.querySelector("span") as HTMLElement).textContent = partName(name);
      return row;
    }));
  });
  whenSubmitted(form, async () => {
    clearError(form);
    const chosen = [...rows.querySelectorAll<HTMLInputElement>("input:checked")].map(({ value }) => value);
    if (!all.checked && !(part.checked && chosen.length > 0)) throw new NothingChosen();
    const these = left(paper.body);
    const taken = these.filter(({ name }) => chosen.includes(name));
    const [categories, fields] = [taken.flatMap((one) => one.categories), taken.flatMap((one) => one.fields)];
    // All parts one by one are all of it.
    const isWhole = all.checked || taken.length === these.length;
    const extent: Extent = isWhole ? {} : { ...(categories.length > 0 ? { categories } : {}), ...(fields.length > 0 ? { fields } : {}) };
    status(say("taking-back"), form, true);
    try {
      const done = await takeBack(keys, paper, extent);
      Object.assign(paper, done.paper);
      for (const { id } of Object.values(paper.body.certificates)) seen.delete(id);
      await ask(person);
      const made = row(person, keys);
      person.row?.replaceWith(made);
      person.row = made;
      const told = place("person-told", made);
      told.textContent = say(done.taken.withdrawal === undefined ? "taken-here" : isWhole ? "taken-all" : "taken-part");
      told.hidden = false;
      told.tabIndex = -1;
      told.focus();
    } finally {
      status("", form);
    }
  });
}

function row(person: Person, keys: Keys): HTMLElement {
  const { papers } = person;
  const made = copied("person");
  place("person-name", made).textContent = papers[0]?.body.nickname ?? "";
  const consents = place("person-consents", made);
  for (const paper of papers) {
    const { body } = paper;
    const line = copied("consent");
    changing(paper, line, person, keys);
    for (const referral of body.referrals ?? []) {
      const link = copied<HTMLAnchorElement>("referral");
      link.href = `/referrals/${referral}`;
      link.textContent = referral.slice(-6).toUpperCase();
      place("consent-referrals", line).append(link, " ");
    }
    consents.append(line);
  }
  tell({ papers }, made);
  return made;
}

/** Says in a row how the consents stand, as far as it is known by now. */
function tell({ papers }: Pick<Person, "papers">, made: HTMLElement): void {
  const lines = made.querySelectorAll<HTMLElement>('[data-place="consent-said"]');
  const current = newest(papers);
  for (const [at, paper] of papers.entries()) {
    const said = lines[at] as HTMLElement;
    said.textContent = stands(paper.body);
    const change = place("consent-change", said.closest("li") as HTMLElement);
    const isOver = isTakenBack(paper.body) || ["taken_back", "ended"].includes(standsNow(seenOf(paper.body))) || !mayHold(paper.body);
    change.hidden = !current.includes(paper) || (isOver && paper.body.services.length === 0);
    place("change-form", change).hidden = isOver;
  }
  const soon = place("person-tag", made);
  soon.hidden = !papers.some(({ body }) => isAskedAgain(body));
  soon.textContent = soon.hidden ? "" : say("ask-again");
}

/** Asks the hub about the consents of somebody, as far as it was not asked. Whether it could be asked. */
async function ask({ papers }: Person): Promise<boolean> {
  for (const { body } of papers.filter((paper) => mayHold(paper.body))) {
    for (const { id } of Object.values(body.certificates)) {
      if (seen.has(id)) continue;
      try {
        seen.set(id, await get<Seen>(`/api/v1/certificates/${id}`));
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        // One that the hub never got, or does not show, stays unknown; the others may be known all the same.
        if (error.isPassing || error.status === 401) return false;
      }
    }
  }
  return true;
}

await start(async () => {
  const keys = await open();
  if (keys === undefined) return;
  showScreen("loading", false);
  await noteAll(keys);
  let [closed, next] = [0, undefined as string | undefined];
  const readPage = async (): Promise<void> => {
    const page = await list<ConsentBody>(keys, "consent", next, next === undefined ? FIRST : MORE);
    add(page.papers);
    closed += page.closed;
    next = page.next;
    place("closed").hidden = closed === 0;
    place("nobody").hidden = people.size > 0 || next !== undefined;
    place("older").hidden = next === undefined;
  };
  // One place in the list is read once, whoever wants it.
  let reading: Promise<void> | undefined;
  const readOn = (): Promise<void> => (reading ??= readPage().finally(() => (reading = undefined)));
  const field = document.getElementById("nickname") as HTMLInputElement;
  let most = AT_ONCE;
  let shown: Person[] = [];
  const named = (): Person[] => {
    const wanted = field.value.trim().toLowerCase();
    return [...people.values()].filter(({ name }) => name.includes(wanted));
  };
  const show = (): void => {
    const found = named();
    shown = found.slice(0, most);
    place("people").replaceChildren(...shown.map((person) => (person.row ??= row(person, keys))));
    place("more").hidden = found.length <= most;
  };
  const askAll = async (): Promise<void> => {
    const asked = shown;
    for (const person of asked) {
      // Other people are shown by now, and are asked about by whoever showed them.
      if (shown !== asked || !(await ask(person))) return;
      if (person.row !== undefined) tell(person, person.row);
    }
  };
  /** Reads on while nobody bears what is typed. */
  const lookFurther = async (): Promise<void> => {
    while (next !== undefined && named().length === 0) {
      await readOn();
      show();
    }
  };
  // What the hub could not be asked is said to be unknown, in the rows themselves.
  const askQuietly = (): void => void askAll().catch(() => undefined);
  let pause: ReturnType<typeof setTimeout> | undefined;
  field.addEventListener("input", () => {
    most = AT_ONCE;
    show();
    clearTimeout(pause);
    pause = setTimeout(() => void lookFurther().catch((error: unknown) => failed(place("list"), error)).then(askQuietly), PAUSE);
  });
  place("more").addEventListener("click", () => {
    most += AT_ONCE;
    show();
    askQuietly();
  });
  place("older").addEventListener("click", () => void busy(place("list"), async () => {
    clearError();
    await readOn();
    show();
    askQuietly();
  }));
  await readOn();
  show();
  showScreen("cases", false);
  askQuietly();
});
