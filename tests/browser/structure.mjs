// What a page is made of, as somebody hears it who does not see it, and as it comes out of a printer: its landmarks, its headings, and the names
// of what can be pressed or filled in. `structure.txt` has it for the main pages, in English. `STRUCTURE`, when it is given, is a file to which what is found is written anew.
import assert from "node:assert/strict";
import { appendFileSync, readFileSync } from "node:fs";

const SEEN = /^(\s*)- '?(banner|navigation|main|region|complementary|contentinfo|search|form|dialog|heading|button|textbox|searchbox|combobox|checkbox|radio|group)\b(.*?)'?:?$/;

/** The lines that matter; what is a number, a code or a moment is the same as any other. */
export async function structure(page) {
  const whole = await page.locator("body").ariaSnapshot();
  const lines = whole.split("\n").flatMap((line) => {
    const [, deep, role, name] = SEEN.exec(line.replace(/ \[(ref|cursor)=\w+\]/g, "")) ?? [];
    return role === undefined ? [] : [`${deep}${role}${name.replace(/: .*$/, "").replace(/[\w-]*\d[\w-]*/g, "#")}`.trimEnd()];
  });
  // A second one of the same kind says nothing more: lists are as long as what is in them.
  return [...new Set(lines)];
}

/** The page is what it was, or the difference is told. */
export async function same(page, name) {
  const found = await structure(page);
  if (process.env.STRUCTURE) appendFileSync(process.env.STRUCTURE, `# ${name}\n${found.join("\n")}\n`);
  const parts = readFileSync(new URL("structure.txt", import.meta.url), "utf8").split(/^# /m);
  const kept = parts.find((part) => part.startsWith(`${name}\n`));
  if (!process.env.STRUCTURE) assert.deepEqual(found, kept?.trimEnd().split("\n").slice(1), `the structure of ${name} has changed`);
}

/** On paper there is nothing to press and no way around, what is behind a click is open, and the release is told. */
export async function printed(page, name) {
  await page.emulateMedia({ media: "print" });
  const seen = await page.evaluate(() => {
    const shown = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility({ contentVisibilityAuto: true }) && one.getClientRects().length > 0);
    const isShut = (details) => [...details.children].some((part) => part.localName !== "summary" && !part.matches(".no-print") && part.getClientRects().length === 0);
    return {
      ways: shown("nav a, .skip, button, input, select, textarea, .chip").map((one) => one.outerHTML.slice(0, 80)),
      shut: shown("details").filter(isShut).length,
      release: shown(".release").length,
    };
  });
  await page.emulateMedia({ media: "screen" });
  assert.deepEqual(seen, { ways: [], shut: 0, release: 1 }, `${name} on paper`);
}

/** How many pages of paper it takes; the file tells people who do not see it what is a heading. */
export async function pagesOf(page) {
  const file = (await page.pdf({ format: "A4", tagged: true, preferCSSPageSize: true })).toString("latin1");
  assert.match(file, /\/StructTreeRoot/);
  return [...file.matchAll(/\/Type\s*\/Page\b(?!s)/g)].length;
}
