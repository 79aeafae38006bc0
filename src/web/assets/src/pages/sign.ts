// Signs an agreement for the organisation, with the key of this device: the exact bytes whose digest stands on the page, and no others.

import { isVersion, termsOf } from "../gateway/agreement.ts";
import { utf8 } from "../gateway/bytes.ts";
import { Untrusted } from "../gateway/directory-keys.ts";
import { BadKey, sign } from "../gateway/gate.ts";
import { Locked } from "../gateway/keys.ts";
import { TYP_AGREEMENT } from "../desk/agreements.ts";
import { beginHead } from "../desk/chip.ts";
import { Problem, get, send } from "../desk/hub.ts";
import { Keys, NoKey, NotConfirmed } from "../desk/keys.ts";
import { anew, carried, clearError, explainWith, place, say, status, whenSubmitted } from "../desk/page.ts";

beginHead();

interface Data {
  /** Where the API has the version. */
  path: string;
  id: string;
  version: number;
  /** Digest of the bytes that are shown. */
  digest: string;
  organisation: string;
}

const data = carried<Data>("data");

/** What the hub hands out now is not what the page shows. */
class OtherText extends Error {}

explainWith((error) => {
  if (error instanceof Locked) return say("locked");
  if (error instanceof NoKey) return say("no-key");
  if (error instanceof NotConfirmed) return say("not-confirmed");
  if (error instanceof OtherText) return say("other-text");
  if (error instanceof Untrusted || error instanceof BadKey) return say("untrusted");
  if (!(error instanceof Problem)) return undefined;
  if (error.isPassing) return say("unreachable");
  return say(error.status === 409 ? "changed" : "refused");
});

/** The signature over the document as the hub hands it out, which must be the one that is shown. */
async function signature(): Promise<string> {
  const keys = await Keys.load();
  if (keys.view.member === undefined) throw new NoKey();
  if (keys.view.organisation !== data.organisation) throw new NotConfirmed();
  const signer = await keys.signer();
  const { document } = await get<{ document: string }>(data.path);
  const bytes = utf8(document);
  const terms = await termsOf(bytes);
  if (terms.digest !== data.digest || !isVersion(terms, data)) throw new OtherText();
  return sign(signer, TYP_AGREEMENT, bytes);
}

const form = place<HTMLFormElement>("sign");

/** What stands in a field. */
function written(name: string): string {
  const field = form.elements.namedItem(name);
  return field instanceof HTMLInputElement ? field.value.trim() : "";
}

whenSubmitted(form, async () => {
  clearError(form);
  status(say("signing"), form, true);
  try {
    const token = await signature();
    const by = { signatory: written("signatory"), office: written("office"), authority: written("authority") };
    await send("POST", `${data.path}/signatures`, { token, ...by });
    status(say("signed"), form);
  } catch (error) {
    status("", form);
    throw error;
  }
  // The page says who has signed by now.
  await anew();
});
form.hidden = false;
