// Taking consent. What the person said is recorded, signed and sealed here; the hub gets a certificate that names nobody, and a sealed paper.

import { type Assent, type ConsentRecord, type Guardian, settles } from "../gateway/consent.ts";
import { Denials } from "../gateway/denials.ts";
import { levelOf } from "../gateway/policy.ts";
import { type Moment, moment, now } from "../gateway/time.ts";
import { Agreements, type Held } from "../desk/agreements.ts";
import { sayAloud } from "../desk/aloud.ts";
import { type Answer, type Answers, type Question, TOLD, answeredBefore, keptUntil, questions, recordOf } from "../desk/asking.ts";
import { beginHead } from "../desk/chip.ts";
import { type ConsentBody, type ConsentPaper, certified, isTakenBack, register } from "../desk/consents.ts";
import { Problem, send } from "../desk/hub.ts";
import type { Keys } from "../desk/keys.ts";
import { type Offer, called, open, printSlip, start } from "../desk/offer.ts";
import { carried, clearError, copied, explainWith, listed, place, say, showScreen, status, whenSubmitted, writtenDay } from "../desk/page.ts";
import { PaperFault, find, keep, newPaperId } from "../desk/papers.ts";
import { takeBack } from "../desk/taking-back.ts";
import { type Wrong, showWrongs } from "../desk/wrongs.ts";

beginHead();

const offer = carried<Offer>("data");
const { policy, service, sender, recipient } = offer;

explainWith((error) => {
  if (error instanceof PaperFault && error.reason === "no_key") return say("no-paper-key");
  if (error instanceof Denials) return error.found.map(({ code }) => offer.denials[code] ?? code).join(" ");
  return undefined;
});

const form = place<HTMLFormElement>("consent");
const summary = place("summary");

/** What is chosen of a group; nothing when nothing is. */
const chosen = (name: string): string | undefined => form.querySelector<HTMLInputElement>(`input[name="${name}"]:checked`)?.value;
const typed = (id: string): string => (document.getElementById(id) as HTMLInputElement | HTMLSelectElement).value.trim();
const ticked = (id: string): boolean => (document.getElementById(id) as HTMLInputElement).checked;
const answer = (name: string): Answer | undefined => chosen(name) as Answer | undefined;

const label = ({ name }: Question): string => (name in policy.fields || name in policy.categories ? called(offer, name) : say(`ask-${name}`));

/** A question of the page, with nothing chosen. */
function asked(name: string, text: string, help: string): HTMLElement {
  const made = copied("question");
  const head = place("question-text", made);
  const id = `q-${name.replace(/\W/g, "-")}`;
  head.id = `${id}-t`;
  made.id = id;
  made.setAttribute("aria-labelledby", head.id);
  place("question-words", head).textContent = text;
  const small = place("question-help", head);
  small.textContent = help;
  small.hidden = help === "";
  for (const input of made.querySelectorAll("input")) input.name = name;
  return made;
}

const mandated = (mode: Guardian["mode"]): boolean => mode === "present_consents" || mode === "remote_consents";
/** A day of the page as a record has it: from its beginning on it is over. */
const dayOf = (id: string): string => (typed(id) === "" ? "" : `${typed(id)}T00:00:00Z`);

/** Who decided for the child, as it stands in the page. A day that was not given makes no mandate and no waiver. */
function guardianOf(): Guardian | undefined {
  const mode = chosen("guardian") as Guardian["mode"] | undefined;
  if (mode === undefined) return undefined;
  const [reference, relation] = [typed("guardian-who"), typed("guardian-relation")];
  const [evidence, until, ends] = [typed("mandate-kind"), dayOf("guardian-until"), dayOf("waiver-until")];
  const [issuer, number] = [typed("waiver-issuer"), typed("waiver-number")];
  type Mandate = NonNullable<Guardian["mandate"]>;
  const hasGuardian = mode !== "unreachable_waiver";
  return {
    mode,
    ...(hasGuardian && reference !== "" ? { reference } : {}),
    ...(hasGuardian && relation !== "" ? { relation: relation as NonNullable<Guardian["relation"]> } : {}),
    ...(mandated(mode) && evidence !== "" && until !== ""
      ? { mandate: { evidence: evidence as Mandate["evidence"], verified: ticked("guardian-seen"), until } } : {}),
    conflict: hasGuardian && chosen("conflict") === "yes",
    ...(!hasGuardian && issuer !== "" && number !== "" && ends !== "" ? { waiver: { issuer, number, until: ends } } : {}),
  };
}

/** What the child said. */
function assentOf(): Assent | undefined {
  const said = chosen("assent") as Assent["said"] | undefined;
  const reason = typed("assent-reason");
  if (said === undefined) return undefined;
  const isAsked = said === "assented" || said === "dissented";
  return { said, ...(isAsked || reason === "" ? {} : { reason: reason as NonNullable<Assent["reason"]> }) };
}

function read(all: Question[]): Answers {
  const [method, as, person] = [chosen("method") ?? "verbal", chosen("second-as"), typed("person")];
  const who = typed("second");
  return {
    nickname: typed("nickname"), person: person as Answers["person"], age_basis: typed("age") as Answers["age_basis"],
    language: typed("language"), medium: typed("medium") as Answers["medium"],
    told: Object.keys(TOLD).filter((group) => ticked(`told-${group}`)), back: chosen("back") === "yes",
    answers: Object.fromEntries(all.map(({ name }) => [name, answer(name)])),
    feedback: answer("feedback"), statistics: answer("statistics"),
    method: method as Answers["method"], evidence: method === "verbal" ? "" : typed("evidence"),
    place: typed("where") || sender.name, companion: chosen("companion") as Answers["companion"],
    second: who === "" || as === undefined ? undefined : { as: as as "witness" | "interpreter", who },
    interpreter: as !== "interpreter" ? undefined : {
      vetted: ticked("vetted"), competent: ticked("competent"), accurate: ticked("accurate"), relation: typed("relation"),
      chosen_in_private: ticked("chosen-in-private"),
    },
    representative: person !== "adult_with_representative" ? undefined : {
      who: typed("acts"), until: typed("mandate"), verified: ticked("mandate-seen"), objects: ticked("objects"),
    },
    guardian: person === "child" ? guardianOf() : undefined,
    assent: person === "child" ? assentOf() : undefined,
    third_parties: ticked("third-parties"),
  };
}

/** What of a child must be there, in the order of the page. */
function missingOfChild({ guardian, assent }: Answers, at: Moment, must: (holds: boolean, at: string, word: string, code?: string) => void): void {
  must(guardian !== undefined, "guardian", "need-guardian", "D401");
  if (guardian !== undefined) {
    const { mode, reference, relation, mandate, waiver } = guardian;
    must(mode !== "denied", "guardian", "need-guardian-no", "D401");
    const isMandated = mandate !== undefined && mandate.verified && at < (moment(mandate.until) ?? 0);
    if (mandated(mode)) must(reference !== undefined && relation !== undefined && isMandated, "mandate-paper", "need-mandate", "D402");
    if (mode === "unreachable_waiver") must(waiver !== undefined && at < (moment(waiver.until) ?? 0), "waiver", "need-waiver", "D410");
    if (mandated(mode)) must(chosen("conflict") !== undefined, "conflict", "need-conflict", "D403");
    must(!guardian.conflict, "conflict", "need-no-conflict", "D403");
  }
  must(assent !== undefined, "assent", "need-assent", "D404");
  must(assent?.said !== "dissented", "assent", "need-assent-no", "D404");
  must(assent === undefined || assent.said === "dissented" || settles(assent), "assent-reason", "need-assent-why", "D404");
}

/** What must be there before a yes can be recorded. The rules themselves are asked again when the certificate is made. */
function missing(said: Answers, all: Question[]): Wrong[] {
  const wrongs: Wrong[] = [];
  const must = (holds: boolean, at: string, word: string, code?: string): void => {
    if (!holds) wrongs.push({ at, sentence: say(word), ...(code === undefined ? {} : { code }) });
  };
  const yes = all.filter(({ name }) => said.answers[name] === "yes");
  const mostSensitive = yes.some(({ fields }) => fields.some((id) => levelOf(policy, id) === "S4"));
  const { interpreter, representative: acts } = said;
  must(said.nickname !== "", "nickname", "need-nickname");
  must(said.person === "child" || said.age_basis !== "disputed", "person", "need-child", "D409");
  if (said.person === "child") missingOfChild(said, now(), must);
  must(acts === undefined || (acts.who !== "" && acts.until !== "" && acts.verified && !acts.objects), "acts", "need-acts", "D314");
  must(said.language !== "", "language", "need-language");
  must(said.told.length === Object.keys(TOLD).length, "told", "need-told", "D311");
  must(said.back, "back", "need-back", "D311");
  must(yes.length > 0, "answers", "need-yes", "D306");
  must(chosen("method") !== undefined, "method", "need-method");
  must(said.method === "verbal" || said.evidence !== "", "evidence", "need-evidence");
  must((said.method !== "verbal" && !mostSensitive) || said.second !== undefined, "second-as", "need-second", "D312");
  must(interpreter === undefined || (interpreter.vetted && interpreter.competent && interpreter.accurate), "interpreter", "need-interpreter", "D313");
  must(!mostSensitive || (said.companion !== undefined && said.companion !== "present"), "companion", "need-private", "D312");
  // There is no code on paper for what nothing can be sent under.
  must(said.person === "child" || chosen("paper") !== undefined, "paper", "need-paper");
  return wrongs;
}

/** Where to go for a code that the rules raised. */
const PLACES: Record<string, string> = { D311: "told", D312: "second-as", D313: "interpreter", D314: "person", D401: "person", D402: "mandate-paper", D403: "conflict", D404: "assent", D409: "person", D410: "waiver" };

/** Whether recording was asked for. */
let tried = false;

/** What was made, and whether it is kept: tried again after a failure it is the same one, and the same code. */
let made: { told: string; said: Answers; paper: string; record: ConsentRecord; body?: ConsentBody } | undefined;

async function record(keys: Keys, agreements: Agreements, held: Held, refused: boolean): Promise<ConsentBody | undefined> {
  const all = questions(policy, held.terms, sender.id, recipient.id);
  const said = read(all);
  const wrongs = refused ? [] : missing(said, all);
  tried = !refused;
  showWrongs(summary, wrongs, true);
  if (wrongs.length > 0) return undefined;
  status(say("recording"), form, true);
  const told = JSON.stringify([said, refused]);
  if (made?.told !== told) {
    const consent = await recordOf(said, {
      policy, terms: held.terms, recipient: recipient.id, organisation: keys.view.organisation, staff: keys.view.staff,
      country: sender.country, kept_in: offer.kept_in, notice: offer.release, method: say("how-to-take-back"), at: now(),
      ...(before === undefined ? {} : { before: before.body.record }),
    }, refused);
    made = { told, said, paper: newPaperId(), record: consent };
  }
  if (made.body === undefined) {
    const isChild = said.person === "child";
    const body: ConsentBody = {
      nickname: said.nickname, record: made.record, certificates: {}, services: [service.id],
      code_given: before?.body.code_given === true || (!refused && !isChild && chosen("paper") !== "none"),
    };
    // Of a child's record no certificate is made: what was said is kept, and nothing is sent on it.
    if (!refused && !isChild) {
      try {
        const { token, id, digest } = await certified(made.record, recipient.id, [policy, agreements], keys);
        body.certificates[recipient.id] = { token, id, digest };
      } catch (error) {
        if (!(error instanceof Denials)) throw error;
        const raised = error.found.map(({ code }) => ({ at: PLACES[code] ?? "answers", sentence: offer.denials[code] ?? code, code }));
        showWrongs(summary, raised, true);
        return undefined;
      }
    }
    await takeBackOfBefore(keys, all, said, refused);
    await keep(keys, "consent", body, { id: made.paper });
    made.body = body;
  }
  // From now on the person's code works, whether or not anything is ever sent.
  const certificate = made.body.certificates[recipient.id];
  if (certificate !== undefined) await register(certificate.token);
  return made.body;
}

/** The consent that this one takes the place of, where somebody is asked again. */
let before: ConsentPaper | undefined;
/** What of it was taken back on this page. */
let takenBack: string | undefined;

/** The paper that the page was opened for; nothing when it is gone, or was of another person's. */
async function readBefore(keys: Keys): Promise<ConsentPaper | undefined> {
  const wanted = new URLSearchParams(location.search).get("again");
  if (wanted === null || !/^kpt_[0-9a-f]{32}$/.test(wanted)) return undefined;
  try {
    const paper = await find<ConsentBody>(keys, "consent", wanted);
    const isOurs = paper.body.record.lines.every(({ line }) => line.recipient === recipient.id || line.recipient === "*");
    return isOurs ? paper : undefined;
  } catch (error) {
    if (error instanceof PaperFault || (error instanceof Problem && error.status === 404)) return undefined;
    throw error;
  }
}

/**
 * What they said yes to then and not any more is taken back, so that everybody who has it hears of it: a new version alone would only end the
 * old one.
 */
async function takeBackOfBefore(keys: Keys, all: Question[], said: Answers, refused: boolean): Promise<void> {
  if (before === undefined || isTakenBack(before.body)) return;
  const { record } = before.body;
  const lost = all.filter((question) => answeredBefore(record, question) === "yes" && (refused || said.answers[question.name] !== "yes"));
  if (lost.length === 0) return;
  const [categories, fields] = [lost.flatMap((one) => one.categories), lost.flatMap((one) => one.fields)];
  const extent = refused ? {} : { ...(categories.length > 0 ? { categories } : {}), ...(fields.length > 0 ? { fields } : {}) };
  // Tried again after a failure, it is not taken back twice.
  const told = JSON.stringify(extent);
  if (told === takenBack) return;
  before = (await takeBack(keys, before, extent)).paper;
  takenBack = told;
}

/** What stays as it was is filled in; what the person answers is not. It is told beside each question what they said then. */
function beginWith({ body: { nickname, record } }: ConsentPaper): void {
  const fill = (id: string, value: string): void => void ((document.getElementById(id) as HTMLInputElement | HTMLSelectElement).value = value);
  fill("nickname", nickname);
  fill("person", record.subject_class);
  if (["exact", "estimated", "disputed"].includes(record.age_basis)) fill("age", record.age_basis);
  fill("language", record.notice.language);
  fill("medium", record.notice.medium);
  fill("where", record.collected.place === sender.name ? "" : record.collected.place);
  place("again").hidden = false;
  place("again-when").textContent = say("again", { day: writtenDay(moment(record.collected.at) ?? 0) });
}

/** What they said the last time, small beside the question. */
function saidBefore(question: Question): string {
  const said = before === undefined ? undefined : answeredBefore(before.body.record, question);
  return said === undefined ? "" : say(said === "yes" ? "last-time-yes" : "last-time-no");
}

/** A list of the receipt. */
function tags(name: string, words: string[]): void {
  place(name).replaceChildren(...words.map((word) => {
    const tag = copied("tag");
    tag.textContent = word;
    return tag;
  }));
  place(`${name}-row`).hidden = words.length === 0;
}

/** What the person takes along: what was recorded, whatever was pressed in the page since. */
function receipt({ record: consent, nickname }: ConsentBody, said: Answers, all: Question[]): void {
  const answered = (wanted: Answer): string[] => {
    const extra = (["feedback", "statistics"] as const).filter((name) => said[name] === wanted).map((name) => say(`ask-${name}`));
    return [...all.filter(({ name }) => said.answers[name] === wanted).map(label), ...extra];
  };
  const until = consent.lines.find(({ line }) => line.effect === "permit")?.line.until ?? "";
  tags("said-yes", answered("yes"));
  tags("said-no", answered("no"));
  place("receipt-nickname").textContent = nickname;
  place("receipt-day").textContent = writtenDay(moment(consent.collected.at) ?? 0);
  place("receipt-until").textContent = writtenDay(moment(until) ?? 0);
  place("receipt-kept").textContent = writtenDay(moment(consent.retention_ceiling) ?? 0);
  place("receipt-code").textContent = consent.withdrawal.code;
  place<HTMLAnchorElement>("refer-now").href = `/referrals/new?service=${service.id}&consent=${made?.paper ?? ""}`;
  const paper = chosen("paper");
  place("print-full").hidden = paper !== "full";
  place("slip-tools").hidden = paper !== "slip";
  place("by-heart").hidden = paper !== "none";
}

/** What hangs on a choice is shown with it. */
function follow(): void {
  const [method, as, person] = [chosen("method"), chosen("second-as"), typed("person")];
  place("evidence-field").hidden = method === undefined || method === "verbal";
  place("interpreter-fields").hidden = as !== "interpreter";
  place("private-choice").hidden = typed("relation") !== "family_member";
  place("acts-fields").hidden = person !== "adult_with_representative";
  const [isChild, mode, said] = [person === "child", chosen("guardian") as Guardian["mode"] | undefined, chosen("assent")];
  place("child-fields").hidden = !isChild;
  place("assent-fields").hidden = !isChild;
  place("paper-row").hidden = isChild;
  place("guardian-fields").hidden = mode === undefined || !mandated(mode);
  place("waiver-fields").hidden = mode !== "unreachable_waiver";
  place("conflict-row").hidden = mode === undefined || mode === "unreachable_waiver";
  place("assent-reason-field").hidden = said !== "not_sought" && said !== "not_capable";
}

async function begin(): Promise<void> {
  const keys = await open();
  if (keys === undefined) return;
  showScreen("loading", false);
  const agreements = await Agreements.between(sender.id, recipient.id, keys.store);
  const { held, signed } = await agreements.covering(sender.id, recipient.id, service.code);
  const all = held === undefined ? [] : questions(policy, held.terms, sender.id, recipient.id);
  if (held === undefined || !signed || all.length === 0) {
    showScreen("no-agreement", false);
    return;
  }
  const list = place("questions");
  before = await readBefore(keys);
  if (before !== undefined) beginWith(before);
  for (const question of all) {
    const [text, about] = [label(question), question.about.map((id) => called(offer, id))];
    const help = [about.join() === text ? "" : listed(about), saidBefore(question)].filter((one) => one !== "");
    list.append(asked(question.name, text, help.join(". ")));
  }
  list.append(asked("feedback", say("ask-feedback"), ""), asked("statistics", say("ask-statistics"), say("ask-statistics-help")));
  place("third-parties-row").hidden = !all.some(({ about }) => about.some((id) => policy.fields[id]?.third_party === true));
  place("kept-until").textContent = say("kept-until", { day: writtenDay(keptUntil(held.terms, policy.purpose.code, now())) });
  form.addEventListener("change", follow);
  // What was mended is not told any longer: while somebody writes, and not when they leave a field, where the page would move away under
  // the button that they are about to press.
  form.addEventListener("input", () => {
    if (tried) showWrongs(summary, missing(read(all), all), false);
  });
  follow();
  sayAloud(document.getElementById("language") as HTMLInputElement);
  showScreen("ask", false);
  // Who it is about comes first, and is typed at once.
  if (typed("nickname") === "") document.getElementById("nickname")?.focus();
  whenSubmitted(form, async (submitter) => {
    clearError();
    try {
      const refused = (submitter as HTMLButtonElement | null)?.value === "refuse";
      const body = await record(keys, agreements, held, refused);
      if (body === undefined || made === undefined) return;
      const isChild = body.record.subject_class === "child";
      if (!refused && !isChild) receipt(body, made.said, all);
      document.body.classList.remove("task");
      showScreen(refused ? "refused" : isChild ? "child" : "recorded");
    } finally {
      status("", form);
    }
  });
}

place("print-full").addEventListener("click", () => print());
place("print-slip").addEventListener("click", () => printSlip(made?.record.withdrawal.code ?? "", "", typed("slip-number")));
// A finger that said who else was there goes on to their name; keys go where Tab takes them.
const second = document.getElementById("second-as");
let isByHand = false;
second?.addEventListener("pointerdown", () => void (isByHand = true));
second?.addEventListener("keydown", () => void (isByHand = false));
second?.addEventListener("change", () => {
  if (isByHand && typed("second") === "") document.getElementById("second")?.focus();
});
place("ask-less").addEventListener("click", () => {
  made = undefined;
  document.body.classList.add("task");
  showScreen("ask");
});
whenSubmitted(place<HTMLFormElement>("alone"), async () => {
  const within = place("alone");
  clearError(within);
  await send("POST", "/api/v1/needs", {
    kind: "information_only", service: service.code, urgency: typed("alone-soon"), reason: "refused_sharing",
  });
  status(say("noted"), within);
  place("note-need").hidden = true;
});

await start(begin);
