// A person takes back what they agreed to, whole or in part. The hub hears it first, tells everybody who has data, and lets nothing more pass;
// what is noted in the paper holds there already.

import { now, written } from "../gateway/time.ts";
import { type ConsentBody, type ConsentPaper, type Extent, type TakenBack } from "./consents.ts";
import { Problem, send } from "./hub.ts";
import { type Keeper, find, keep } from "./papers.ts";

/** Tells the hub, by the code of the record, or by the pseudonym where an older code is known there. Nothing when it never heard of it. */
async function atHub({ record, certificates }: ConsentBody, extent: Extent): Promise<string | undefined> {
  let unknown: Problem | undefined;
  for (const whose of [{ code: record.withdrawal.code }, { subject: record.subject }]) {
    try {
      const { withdrawal } = await send<{ withdrawal: string }>("POST", "/api/v1/withdrawals", { ...whose, extent });
      return withdrawal;
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error;
      unknown = error;
    }
  }
  // One that was registered must be known there: that it is not is no reason to tell the person that it is settled.
  if (unknown !== undefined && Object.keys(certificates).length > 0) throw unknown;
  return undefined;
}

/** Takes it back at the hub, and notes it in the paper; once more where somebody else changed the paper meanwhile. */
export async function takeBack(keeper: Keeper, paper: ConsentPaper, extent: Extent): Promise<{ paper: ConsentPaper; taken: TakenBack }> {
  const withdrawal = await atHub(paper.body, extent);
  const taken: TakenBack = {
    version: paper.body.record.version, at: written(now()), extent, ...(withdrawal === undefined ? {} : { withdrawal }),
  };
  const note = ({ body, ...of }: ConsentPaper): Promise<ConsentPaper> =>
    keep(keeper, "consent", { ...body, taken_back: [...(body.taken_back ?? []), taken] }, of);
  try {
    return { paper: await note(paper), taken };
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "custody.changed") throw error;
    return { paper: await note(await find<ConsentBody>(keeper, "consent", paper.id)), taken };
  }
}
