// Makes a passkey in the account, and answers with one when somebody signs in. The hub asks, the browser answers; this only carries both.

import { Problem, send } from "../desk/hub.ts";
import { busy, clearError, explainWith, place, say, status } from "../desk/page.ts";

/** What the hub asks the browser. */
interface Question<T> {
  publicKey: T;
}

/** The browser was told no, or the time was up. */
class NotAnswered extends Error {}

/** The browser holds one of somebody's passkeys already, and makes no second one beside it. */
class Known extends Error {}

explainWith((error) => {
  if (error instanceof NotAnswered) return say("not-answered");
  if (error instanceof Known) return say("known");
  if (!(error instanceof Problem)) return undefined;
  if (error.status === 401) return say("wrong");
  return say(error.isPassing ? "unreachable" : "refused");
});

/** What the browser answers. Why it does not, it tells nobody but for one reason. */
async function answered(asking: Promise<Credential | null>): Promise<PublicKeyCredential> {
  let credential: Credential | null;
  try {
    credential = await asking;
  } catch (error) {
    throw error instanceof DOMException && error.name === "InvalidStateError" ? new Known() : new NotAnswered();
  }
  if (!(credential instanceof PublicKeyCredential)) throw new NotAnswered();
  return credential;
}

/** Asks the hub, then the browser, and sends the form with what that answered. */
function carry(form: HTMLFormElement, field: string, task: () => Promise<PublicKeyCredential>): void {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void busy(form, async () => {
      clearError(form);
      status(say("asking"), form, true);
      try {
        place<HTMLInputElement>(field, form).value = JSON.stringify((await task()).toJSON());
      } finally {
        status("", form);
      }
      form.submit();
    });
  });
}

function add(form: HTMLFormElement): void {
  const passphrase = form.querySelector<HTMLInputElement>("input[type=password]");
  carry(form, "credential", async () => {
    const given = { passphrase: passphrase?.value ?? "" };
    const { publicKey } = await send<Question<PublicKeyCredentialCreationOptionsJSON>>("POST", "/api/v1/second-step/passkeys/question", given);
    const credential = await answered(navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) }));
    // The hub has heard it; it does not travel a second time.
    if (passphrase !== null) passphrase.disabled = true;
    return credential;
  });
}

function use(form: HTMLFormElement): void {
  carry(form, "passkey", async () => {
    const { publicKey } = await send<Question<PublicKeyCredentialRequestOptionsJSON>>("POST", "/sign-in/passkey", {});
    return await answered(navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) }));
  });
}

// What carries a passkey as JSON came to browsers together, and later than passkeys themselves.
if (typeof PublicKeyCredential !== "undefined" && typeof PublicKeyCredential.parseCreationOptionsFromJSON === "function") {
  for (const hint of document.querySelectorAll<HTMLElement>('[data-place="without"]')) hint.hidden = true;
  for (const part of document.querySelectorAll<HTMLElement>('[data-place="with"]')) part.hidden = false;
  const [adding, using] = ["adding", "using"].map((name) => document.querySelector<HTMLFormElement>(`[data-place="${name}"]`));
  if (adding) add(adding);
  if (using) use(using);
}
