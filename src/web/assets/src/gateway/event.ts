// The signed event: what one side of a referral did, citing what came before. Events hold codes, ids and dates; text travels sealed.

import { digest, newId, text, utf8 } from "./bytes.ts";
import { read } from "./closed.ts";
import { type PrivateKey, type PublicKey, TYP, sign, verify } from "./gate.ts";
import { type Moment, seconds } from "./time.ts";

const MAX_RECEIPT = 4_096;
const RECEIPT_DEPTH = 2;

/** What is asked, and where the referral stood when somebody looked at it. */
export interface Asked {
  referral: string;
  /** Digest of the event before. */
  prev: string;
  issuer: string;
  /** In which part: sender, intake, case_worker. */
  by: string;
  /** The row of the table that is meant: if the referral stands elsewhere by then, the hub refuses. */
  number: string;
  move: string;
  facts: Record<string, unknown>;
}

/** A signed event, and what its receipt must be about. */
export interface Signed {
  id: string;
  referral: string;
  token: string;
}

/** Signs it. */
export async function signEvent(asked: Asked, signer: PrivateKey, at: Moment): Promise<Signed> {
  const id = newId("evt", at);
  const { referral, prev, issuer, by, number, move, facts } = asked;
  const claims = { v: 1, id, ref: referral, prev, iss: issuer, role: by, t: number, move, facts, at: seconds(at) };
  return { id, referral, token: await sign(signer, TYP.event, utf8(JSON.stringify(claims))) };
}

/** The node's receipt is not signed by it, or is about another event. */
export class WrongReceipt extends Error {}

/** Believes that an event was recorded only by the node's signed receipt for it. */
export async function believed(receipt: string, { id, referral, token }: Signed, node: PublicKey): Promise<void> {
  let said: Record<string, unknown>;
  try {
    const { payload } = await verify(receipt, TYP.receipt, MAX_RECEIPT, (kid) => (kid === node.kid ? node : undefined));
    said = read(text(payload), RECEIPT_DEPTH) as Record<string, unknown>;
  } catch {
    throw new WrongReceipt();
  }
  const fits = said["v"] === 1 && said["re"] === id && said["ref"] === referral && said["h"] === (await digest(token));
  if (!fits || said["evt"] !== "recorded") throw new WrongReceipt();
}
