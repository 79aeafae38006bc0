// A file out of a letter, saved where the person at the device wants it. It is never shown in the page: what somebody else made would run here
// with everything that the page may.

import { own } from "../gateway/dictionary.ts";
import type { OpenedFile } from "../gateway/open.ts";
import { copied, place, say } from "./page.ts";

/** What files are, and what their names end with then. Anything else is saved as bytes that nothing opens by itself. */
const KINDS: Record<string, string[]> = { "application/pdf": [".pdf"], "image/jpeg": [".jpg", ".jpeg"], "image/png": [".png"] };

/** For how long a browser may take to begin. */
const BEGINS_WITHIN = 60_000;

/** A name that is no path and ends as the file is: what the sender called it may hide what it is. */
export function safeName({ name, mime }: Pick<OpenedFile, "name" | "mime">): string {
  const plain = name.normalize("NFC").replace(/[\p{Cc}\p{Cf}/\\:*?"<>|]/gu, "_").replace(/^[\s.]+|[\s.]+$/g, "") || "_";
  const ends = own(KINDS, mime) ?? [".bin"];
  return ends.some((end) => plain.toLowerCase().endsWith(end)) ? plain : `${plain}${ends[0] ?? ""}`;
}

/** A line for a file, with a button that saves it. */
export function attached(file: OpenedFile): HTMLElement {
  const row = copied("attached");
  place("attached-name", row).textContent = safeName(file);
  place("attached-size", row).textContent = say("file-size", { size: String(Math.max(1, Math.round(file.bytes.length / 1024))) });
  place("attached-save", row).addEventListener("click", () => {
    const type = own(KINDS, file.mime) === undefined ? "application/octet-stream" : file.mime;
    const address = URL.createObjectURL(new Blob([file.bytes], { type }));
    Object.assign(document.createElement("a"), { href: address, download: safeName(file) }).click();
    setTimeout(() => URL.revokeObjectURL(address), BEGINS_WITHIN);
  });
  return row;
}
