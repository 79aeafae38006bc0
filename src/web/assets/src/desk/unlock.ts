// Asks for the words where a key is needed, in place.

import { BadKey } from "../gateway/gate.ts";
import { KeyFault } from "../gateway/keys.ts";
import { Untrusted } from "../gateway/directory-keys.ts";
import { NotACode } from "../gateway/secrets.ts";
import type { Keys } from "./keys.ts";
import { Problem } from "./hub.ts";
import { clearError, explainWith, place, say, status, whenSubmitted } from "./page.ts";

explainWith((error) => {
  if (error instanceof KeyFault) return say(error.reason === "wrong" ? "wrong-words" : error.reason === "parameters" ? "weak" : "untrusted");
  if (error instanceof NotACode) return say("not-a-code");
  if (error instanceof Untrusted || error instanceof BadKey) return say("untrusted");
  if (error instanceof Problem && error.status === 401) return say("signed-out");
  if (error instanceof Problem && error.isPassing) return say("unreachable");
  if (error instanceof Problem && error.code === "custody.changed") return say("changed-meanwhile");
  return undefined;
});

/** Waits until the member's key is open: at once when it is, otherwise after the words were given in the form of the page. */
export async function unlocked(keys: Keys): Promise<void> {
  const whole = place("unlock");
  if ((await keys.left()) > 0) {
    whole.hidden = true;
    return;
  }
  whole.hidden = false;
  const form = place<HTMLFormElement>("unlock-form", whole);
  const field = whole.querySelector<HTMLInputElement>("#unlock-words");
  await new Promise<void>((resolve) => {
    whenSubmitted(form, async () => {
      clearError(form);
      status(say("opening"), form, true);
      try {
        await keys.unlock({ passphrase: field?.value ?? "" });
      } finally {
        status("", form);
      }
      if (field !== null) field.value = "";
      whole.hidden = true;
      resolve();
    });
  });
}
