// What is wrong with a form, said at the top with a way to each place, and at the places themselves.

import { copied, place, say } from "./page.ts";

/** Something to mend. */
export interface Wrong {
  /** The id of what to go to. */
  at: string;
  sentence: string;
  /** Such as D309, small beside the sentence. */
  code?: string;
}

const title = document.title;

/** Shows what is wrong, or nothing when nothing is. `move` brings the reader to it: when somebody asked for something, not while they type. */
export function showWrongs(summary: HTMLElement, wrongs: Wrong[], move: boolean): void {
  const list = place("wrongs", summary);
  const told = wrongs.map(({ sentence, code }) => `${sentence} ${code ?? ""}`).join("\n");
  const same = summary.dataset["told"] === told;
  summary.hidden = wrongs.length === 0;
  if (!same) {
    summary.dataset["told"] = told;
    unmark();
    list.replaceChildren(...wrongs.map(row));
    for (const wrong of wrongs) mark(wrong);
    document.title = wrongs.length === 0 ? title : say("error-title", { title });
  }
  if (move && wrongs.length > 0) summary.focus();
}

function row({ at, sentence, code }: Wrong): HTMLElement {
  const made = copied("wrong");
  const link = place<HTMLAnchorElement>("wrong-link", made);
  link.href = `#${at}`;
  link.textContent = sentence;
  // The address stays as it is: what is wrong is nobody's bookmark.
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const target = document.getElementById(at);
    const first = target?.matches("input, select, textarea, button") === true ? target : target?.querySelector<HTMLElement>("input, select, textarea, button");
    (first ?? target)?.focus();
    target?.scrollIntoView({ block: "center" });
  });
  const small = place("wrong-code", made);
  small.textContent = code ?? "";
  small.hidden = code === undefined;
  return made;
}

/** Says it at the place as well: once, even when two things are wrong with it. */
function mark({ at, sentence }: Wrong): void {
  const target = document.getElementById(at);
  const around = target?.closest<HTMLElement>(".field, fieldset, .answer");
  if (target === null || around === null || around === undefined || around.classList.contains("wrong")) return;
  around.classList.add("wrong");
  const said = copied("field-error");
  said.id = `${at}-e`;
  place("field-error-text", said).textContent = sentence;
  const head = around.querySelector("label, legend, .label");
  const help = head?.nextElementSibling;
  (help?.classList.contains("help") === true ? help : head)?.after(said);
  const described = target.getAttribute("aria-describedby");
  target.dataset["described"] = described ?? "";
  target.setAttribute("aria-describedby", `${described ?? ""} ${said.id}`.trim());
  if (target.matches("input, select, textarea")) target.setAttribute("aria-invalid", "true");
}

function unmark(): void {
  for (const around of document.querySelectorAll<HTMLElement>(".wrong[class]")) {
    around.classList.remove("wrong");
    around.querySelector(".field-error")?.remove();
  }
  for (const target of document.querySelectorAll<HTMLElement>("[data-described]")) {
    const described = target.dataset["described"];
    if (described === "" || described === undefined) target.removeAttribute("aria-describedby");
    else target.setAttribute("aria-describedby", described);
    delete target.dataset["described"];
    target.removeAttribute("aria-invalid");
  }
}
