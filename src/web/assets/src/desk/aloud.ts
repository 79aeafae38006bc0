// What is to be said, in the person's language as far as the page has it, and read out by the device where it can. Only voices of the device
// itself are taken: others send what they read to whoever made the browser.

import { place, say } from "./page.ts";

const spoken = (tag: string): string => tag.trim().toLowerCase().split(/[-_]/)[0] ?? "";

/** A voice of this device for a language; nothing when it has none. */
function voiceOf(language: string): SpeechSynthesisVoice | undefined {
  const voices = "speechSynthesis" in window ? speechSynthesis.getVoices() : [];
  return voices.find((voice) => voice.localService && spoken(voice.lang) === language);
}

/** Shows the words of each group in the language that is typed, otherwise in that of the page, and lets them be read out. */
export function sayAloud(typed: HTMLInputElement): void {
  const groups = [...document.querySelectorAll<HTMLElement>(".aloud details")];
  const shown = (group: HTMLElement): HTMLElement | undefined => [...group.querySelectorAll<HTMLElement>("p[lang]")].find((one) => !one.hidden);
  let reading: HTMLElement | undefined;
  const silence = (): void => {
    reading = undefined;
    if ("speechSynthesis" in window) speechSynthesis.cancel();
    for (const group of groups) place("listen", group).textContent = say("listen");
  };
  const choose = (): void => {
    silence();
    for (const group of groups) {
      const all = [...group.querySelectorAll<HTMLElement>("p[lang]")];
      const wanted = all.find(({ lang }) => lang === spoken(typed.value)) ?? all.find(({ lang }) => lang === document.documentElement.lang);
      for (const one of all) one.hidden = one !== wanted;
      place("listen", group).hidden = wanted === undefined || voiceOf(wanted.lang) === undefined;
    }
  };
  for (const group of groups) {
    const button = place("listen", group);
    button.addEventListener("click", () => {
      const wasReading = reading === group;
      silence();
      const [text, voice] = [shown(group), voiceOf(shown(group)?.lang ?? "")];
      if (wasReading || text === undefined || voice === undefined) return;
      const words = new SpeechSynthesisUtterance(text.textContent);
      // A little slower than usual: somebody hears this for the first time.
      Object.assign(words, { voice, lang: voice.lang, rate: 0.9 });
      const ended = (): void => {
        if (reading === group) silence();
      };
      words.addEventListener("end", ended);
      words.addEventListener("error", ended);
      reading = group;
      button.textContent = say("listen-stop");
      speechSynthesis.speak(words);
    });
  }
  typed.addEventListener("input", choose);
  // Browsers list their voices late.
  if ("speechSynthesis" in window) speechSynthesis.addEventListener("voiceschanged", choose);
  window.addEventListener("pagehide", silence);
  choose();
}
