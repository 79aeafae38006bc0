// Puts a prepared document into the field it is sent from. Without this script it is pasted.

import { place } from "../desk/page.ts";

const file = place("file");
const input = file.querySelector("input");
const written = document.querySelector<HTMLTextAreaElement>("#document");
if (input !== null && written !== null) {
  input.addEventListener("change", () => {
    const [chosen] = input.files ?? [];
    if (chosen !== undefined) void chosen.text().then((text) => (written.value = text));
  });
  file.hidden = false;
}
