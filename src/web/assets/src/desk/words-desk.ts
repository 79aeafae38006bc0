// What the page of a letter seals words with: the keys of both sides, their agreement, and the consent that everything rests on.

import { digest } from "../gateway/bytes.ts";
import type { KnownKeys } from "../gateway/directory-keys.ts";
import { Refusal } from "../gateway/fault.ts";
import type { PublicKey } from "../gateway/gate.ts";
import { readSigned } from "../gateway/open.ts";
import type { Envelope } from "../gateway/packet.ts";
import type { Policy } from "../gateway/policy.ts";
import { momentOf, readReceipt } from "../gateway/reading.ts";
import type { DeniedPart, Member, SeenCertificate } from "../gateway/release.ts";
import { DraftFault } from "../gateway/seal.ts";
import { moment, now } from "../gateway/time.ts";
import { Agreements } from "./agreements.ts";
import { type ConsentBody, type ConsentPaper, ready } from "./consents.ts";
import { NoReceipt, type Packed, handIn } from "./handing.ts";
import { get } from "./hub.ts";
import type { Keys } from "./keys.ts";
import { NoWords } from "./no-words.ts";
import type { Party } from "./offer.ts";
import { PaperFault, list } from "./papers.ts";
import { known, nodeKey } from "./trust.ts";
import { type Between, mostWords, releasedWords, sealedWords } from "./writing.ts";

/** What the page knows of the referral. */
export interface About {
  referral: string;
  /** Its packets, the one that brought it first. */
  packets: string[];
  own: string;
  other: string;
  policy: Policy;
  /** Both organisations, ours first. */
  parties: [Party, Party];
  /** The field that words travel in. */
  words_in: string;
}

/** Where words are judged, sealed and handed in. */
export interface WordsDesk {
  /** The most characters that there may be. */
  most: number;
  /** Throws what stands against any words at all. */
  judge: () => void;
  /** Seals words and hands them in; the packet that holds them. */
  write: (words: string) => Promise<string>;
}

/** Makes it, or throws why there is none. */
export async function wordsDesk(keys: Keys, about: About): Promise<WordsDesk> {
  const ring = await known([about.own, about.other], keys.store);
  const first = await firstOf(about, ring, await nodeKey(keys.store));
  const member = ({ name: _name, ...party }: Party): Member => ({ ...party, roles: ring.readers(party.id, now()).map(({ role }) => role) });
  const [own, other] = about.parties.map(member) as [Member, Member];
  const agreements = await Agreements.between(about.own, about.other, keys.store);
  const covering = await agreements.covering(about.own, about.other, about.policy.service.code);
  const consent = async (): Promise<Between["consent"]> => {
    if (first.iss !== about.own) return { seen: await seenOf(first) };
    const { paper, record, certificate } = await ready(await ourConsent(keys, about.referral), about.other, [about.policy, agreements, ring], keys);
    return {
      ground: {
        policy: about.policy, sender: own, recipient: other, offer: { listed: true, full: false }, covering, body: paper.body, record, certificate,
      },
    };
  };
  const between: Between = { policy: about.policy, own, other, covering, first, field: about.words_in, consent: await consent() };
  const most = mostWords(between);
  if (most === undefined) throw new NoWords("not-here");
  // Tried again after a failure it is the same packet.
  const packed = new Map<string, Packed>();
  return {
    most,
    judge: () => void releasedWords(between, "x", now()),
    write: async (words) => {
      try {
        const writer = { signer: await keys.signer(), roles: (await keys.readers()).map(({ role }) => role) };
        const made = packed.get(words) ?? (await sealedWords(between, words, ring, writer, now()));
        packed.set(words, made);
        await handIn(made, () => nodeKey(keys.store));
        return made.packet;
      } catch (error) {
        if (error instanceof DraftFault) throw new NoWords("nobody-reads");
        if (error instanceof NoReceipt) throw new NoWords("no-receipt");
        throw error;
      }
    },
  };
}

/** The envelope of the packet that brought the referral, which the hub keeps longer than the letter. */
async function firstOf({ packets: [packet], referral }: About, ring: KnownKeys, node: PublicKey): Promise<Envelope> {
  if (packet === undefined) throw new NoWords("not-here");
  const kept = await get<{ envelope: string; receipt: string }>(`/api/v1/packets/${packet}/evidence`);
  try {
    const receipt = await readReceipt(kept.receipt, node);
    const { envelope } = await readSigned(kept.envelope, momentOf(receipt), ring);
    const isIt = receipt.re === packet && receipt.h === (await digest(kept.envelope)) && envelope.jti === packet && envelope.ref === referral;
    if (isIt) return envelope;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  throw new NoWords("not-here");
}

/** What the recipient sees of the certificate. */
async function seenOf({ scope }: Envelope): Promise<SeenCertificate> {
  if (scope === undefined) throw new NoWords("not-here");
  const seen = await get<Omit<SeenCertificate, "expires"> & { expires: string; denied: DeniedPart[] }>(`/api/v1/certificates/${scope.id}`);
  return { ...seen, expires: moment(seen.expires) ?? 0 };
}

/** Our paper of the consent that the referral was sent under, which names it. */
async function ourConsent(keys: Keys, referral: string): Promise<ConsentPaper> {
  let next: string | undefined;
  try {
    do {
      const page = await list<ConsentBody>(keys, "consent", next);
      const found = page.papers.find(({ body }) => body.referrals?.includes(referral) === true);
      if (found !== undefined) return found;
      next = page.next;
    } while (next !== undefined);
  } catch (error) {
    if (!(error instanceof PaperFault)) throw error;
  }
  throw new NoWords("not-here");
}
