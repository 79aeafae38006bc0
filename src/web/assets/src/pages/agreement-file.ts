// Puts a prepared document into the field it is sent from. Without this script it is pasted.

import { place } from "../desk/page.ts";

const file = place("file");
const input = file.querySelector("input");
const written = document.querySelector<HTMLTextAreaElement>("#document");
if (input !== null && written !== null) {
  input.addEventListener("change", () => {
    const [chosen] = input.files ?? [];
    // Another one may have been chosen while this one was read.
    if (chosen !== undefined) void chosen.text().then((text) => chosen === input.files?.[0] && (written.value = text));
  });
  file.hidden = false;
}
