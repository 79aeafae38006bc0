// Drafts: what somebody wrote and has not sent, kept on their device for at most seven days.
//
// A draft is sealed under a key that is drawn on the device and itself sealed to the member's key, so a locked device shows nothing of it, and
// nobody else's account opens it. The name it lies under is a digest with that key in it: it does not tell which service and whose consent.
// What stands beside it in the open is when it was kept, so that it can be removed without any key when its time is over.
//
// Ticks that confirm something are not kept: they are about what is sent, and are given when it is.

import { type Bytes, decode, digest, encode, random, text, utf8 } from "../gateway/bytes.ts";
import { type Json, read } from "../gateway/closed.ts";
import { type PrivateKey, type PublicJwk, importPublic, sealDirect, sealTo, unseal } from "../gateway/gate.ts";
import { DIGEST, anyText, closedSet, list, map, whole } from "../gateway/shape.ts";
import type { Store } from "../gateway/store.ts";
import type { Moment } from "../gateway/time.ts";
import { DRAFT, KEY, type Lying, dropDrafts, isOver } from "./sweeping.ts";

const MAX_KEY = 2_048;
/** Characters of a sealed draft: more than a letter may hold. */
const MAX_DRAFT = 262_144;
const DEPTH = 4;
/** Names of fields, as the dictionary has them. */
const FIELDS = /^[A-Z][A-Z0-9]{0,7}(?:\.\w+)+$/;

/** What was written, as it stands in the controls. */
export interface Said {
  soon: string;
  signal: string;
  /** By field: what stands in its controls, and why it is needed. */
  fields: Record<string, string[]>;
  because: Record<string, string>;
}

/** What a draft is of: one service, and the consent that was chosen; empty while none was. */
export interface Of {
  service: string;
  consent: string;
}

export interface Draft extends Of {
  at: Moment;
  said: Said;
}

const SEALED_KEY = closedSet({ v: whole(1, 1), member: DIGEST, drafts: anyText });
const SEALED_DRAFT = closedSet({
  v: whole(1, 1), service: anyText, consent: anyText, at: whole(0),
  said: closedSet({ soon: anyText, signal: anyText, fields: map(FIELDS, list(anyText)), because: map(FIELDS, anyText) }),
});

/** Whether there is nothing in it that anybody would miss. */
export const isEmpty = ({ soon, signal, fields }: Said): boolean =>
  soon === "" && signal === "" && Object.values(fields).every((values) => values.every((value) => value.trim() === ""));

/** The drafts of one person on this device, open. */
export class Drafts {
  private readonly store: Store;
  private readonly key: Bytes;

  private constructor(store: Store, key: Bytes) {
    this.store = store;
    this.key = key;
  }

  /** Opens what is there with the member's key, or begins anew: drafts under a key that does not open will never be opened. */
  static async open(store: Store, jwk: PublicJwk, member: PrivateKey): Promise<Drafts> {
    const before = await store.get(KEY);
    const key = typeof before === "string" ? await opened(before, member) : undefined;
    if (key !== undefined) return new Drafts(store, key);
    const to = await importPublic(jwk);
    // What the hub shows as one's own key is sealed to only when it is the one that is open here.
    if (to.kid !== member.kid) throw new Error("drafts are kept for the key that is open");
    const fresh = random(32);
    const made = await sealTo(to, "kept", utf8(JSON.stringify({ v: 1, member: to.kid, drafts: encode(fresh) })));
    // Another window may have begun anew as well: both keep under the key of the one that was faster.
    const kept = await store.change(KEY, (one) => (one === undefined || one === before ? made : one));
    if (kept !== made) return Drafts.open(store, jwk, member);
    await dropDrafts(store);
    return new Drafts(store, fresh);
  }

  /** Under which name a draft lies. */
  async nameOf({ service, consent }: Of): Promise<string> {
    return DRAFT + (await digest(`${encode(this.key)}\n${service}\n${consent}`));
  }

  /** Keeps what was written, in the place of what was kept of it before; removes it when nothing is left of it. Answers its name. */
  async keep(of: Of, said: Said, at: Moment): Promise<string | undefined> {
    const name = await this.nameOf(of);
    if (isEmpty(said)) {
      await this.store.remove(name);
      return undefined;
    }
    const { service, consent } = of;
    const plain = utf8(JSON.stringify({ v: 1, service, consent, at, said }));
    await this.store.put(name, { at, sealed: await sealDirect(this.key, "draft", plain) } satisfies Lying);
    return name;
  }

  /** The draft of this, when there is one that is young enough. One that does not open, or is of something else, is removed. */
  async find(of: Of, now: Moment): Promise<(Draft & { name: string }) | undefined> {
    const name = await this.nameOf(of);
    const lying = (await this.store.get(name)) as Lying | undefined;
    if (lying === undefined) return undefined;
    try {
      const draft = read(await unseal(lying.sealed, "draft", MAX_DRAFT, this.key), DEPTH);
      const said = draft as unknown as Draft;
      // The time that counts is the one inside: the other could be changed by whoever has the device.
      if (SEALED_DRAFT(draft) && said.service === of.service && said.consent === of.consent && !isOver(said.at, now)) {
        return { service: said.service, consent: said.consent, at: said.at, said: said.said, name };
      }
    } catch {
      // Whatever it is, it is no draft of theirs.
    }
    await this.store.remove(name);
    return undefined;
  }

  /** The newest draft of a service, of those consents. */
  async newest(service: string, consents: string[], now: Moment): Promise<(Draft & { name: string }) | undefined> {
    let newest: (Draft & { name: string }) | undefined;
    for (const consent of new Set(consents)) {
      const draft = await this.find({ service, consent }, now);
      if (draft !== undefined && (newest === undefined || draft.at > newest.at)) newest = draft;
    }
    return newest;
  }

  /** Removes a draft: it was sent, or thrown away. */
  drop(name: string): Promise<void> {
    return this.store.remove(name);
  }
}

/** Whose drafts they are: `Keys` is one. */
export interface Writer {
  readonly view: { member?: { jwk: PublicJwk } };
  readonly store: Store;
  isShared(): Promise<boolean>;
  member(): Promise<PrivateKey>;
}

/** The drafts on this device, for as long as the page is there; nothing on a device that others use. */
export async function draftsOf(writer: Writer): Promise<Drafts | undefined> {
  const { view: { member }, store } = writer;
  if (member === undefined || (await writer.isShared())) return undefined;
  return Drafts.open(store, member.jwk, await writer.member());
}

/** Removes the draft of a letter that was sealed at a moment and is sent now. One that was begun since is of another letter. */
export async function sent(store: Store, name: string, sealed: Moment): Promise<void> {
  const lying = (await store.get(name)) as Lying | undefined;
  if (lying !== undefined && lying.at <= sealed) await store.remove(name);
}

/** The key of the drafts; nothing when this member's key does not open it. */
async function opened(token: string, member: PrivateKey): Promise<Bytes | undefined> {
  try {
    const said: Json = read(text(await unseal(token, "kept", MAX_KEY, member)), DEPTH);
    if (!SEALED_KEY(said)) return undefined;
    const { member: whose, drafts } = said as unknown as { member: string; drafts: string };
    const key = decode(drafts);
    return whose === member.kid && key.length === 32 ? key : undefined;
  } catch {
    return undefined;
  }
}
