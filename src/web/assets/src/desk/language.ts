// The language that the page is in.

/** Its tag, for what the browser writes. English has the day before the month, as the server writes it. */
export function language(): string {
  const { lang } = document.documentElement;
  return lang === "en" ? "en-GB" : lang;
}
