// The keys of whoever is signed in, on this device: the member key while it is open, the device's signing key, and the organisation's reader
// keys that were handed to them.

import { type KeyRecord, mayEncryptTo, maySign } from "../gateway/directory-keys.ts";
import { ENDS, type Ends, endsOf } from "../gateway/ends.ts";
import type { PrivateKey, PublicJwk } from "../gateway/gate.ts";
import {
  type By, Custody, IDLE, IDLE_SHARED, KeyFault, Locked, MEMBER, type MadeKey, type PassphraseWrap, type RecoveryWrap, openMember, openReader,
} from "../gateway/keys.ts";
import { type Store, browserStore } from "../gateway/store.ts";
import { now } from "../gateway/time.ts";
import { ask, get, send } from "./hub.ts";
import { dropAll, sweep } from "./sweeping.ts";
import { historyOf, recent, trustRoot } from "./trust.ts";

/** A device, as the hub lists it. */
export interface Device {
  jwk: PublicJwk;
  name: string;
  added_at: string;
  /** Where its key stands in the organisation's statement; absent while nobody confirmed it. */
  state?: "announced" | "active" | "retired" | "revoked";
  given_up: boolean;
}

/** What the hub keeps of somebody's keys. */
export interface View {
  staff: string;
  organisation: string;
  member?: { jwk: PublicJwk; passphrase: PassphraseWrap; recovery: RecoveryWrap; made_at: string; version: number };
  confirmed: boolean;
  devices: Device[];
  keyrings: { role: string; kid: string; token: string }[];
  holders: number;
}

/** There is no key yet: the first day comes first. */
export class NoKey extends Error {}

/** Nobody has confirmed this key, or this device, yet. */
export class NotConfirmed extends Error {}

/** Whether others use this device as well. */
const SHARED = "shared";
/** The root key of the own organisation that a key holder answered for. */
const OWN_ROOT = "own root";

const clock = (): number => Date.now();

export class Keys {
  readonly view: View;
  readonly store: Store;
  private readonly custody: Custody;

  private constructor(view: View, store: Store, custody: Custody) {
    this.view = view;
    this.store = store;
    this.custody = custody;
  }

  /** What there is for whoever is signed in. */
  static async load(): Promise<Keys> {
    const view = await get<View>("/api/v1/custody");
    const store = storeOf(view.staff);
    const shared = (await store.get(SHARED)) === true;
    await sweep(store, now());
    return new Keys(view, store, new Custody(store, clock, shared ? IDLE_SHARED : IDLE));
  }

  /** The same, after something changed at the hub. */
  again(): Promise<Keys> {
    return Keys.load();
  }

  /** How long the key stays open, in milliseconds; 0 when it is locked. */
  left(): Promise<number> {
    return this.custody.left();
  }

  async isShared(): Promise<boolean> {
    return (await this.store.get(SHARED)) === true;
  }

  /** Remembers whether others use this device; counts from the next time the key is opened. */
  async setShared(shared: boolean): Promise<Keys> {
    await this.store.put(SHARED, shared);
    if (shared) await dropAll(this.store);
    changed();
    return new Keys(this.view, this.store, new Custody(this.store, clock, shared ? IDLE_SHARED : IDLE));
  }

  /** Puts the key away. On a device that others use no draft was kept since it was called one; should one be there, it goes now. */
  async lock(): Promise<void> {
    await this.custody.lock();
    if (await this.isShared()) await dropAll(this.store);
    changed();
  }

  forget(): Promise<void> {
    return this.custody.forget();
  }

  /** Opens the member's key with the passphrase, or with the code of the sheet. */
  async unlock(secret: { passphrase: string } | { code: string }): Promise<void> {
    await this.keepOpen(await this.opened(secret));
  }

  /** The member's key as the hub's wrap gives it back; nothing is kept. */
  async opened(secret: { passphrase: string } | { code: string }): Promise<PrivateKey> {
    const { member } = this.view;
    if (member === undefined) throw new NoKey();
    return openMember(member.jwk.kid, by(member, secret));
  }

  /** The member's key while it is open, and a new beginning of its time. */
  member(): Promise<PrivateKey> {
    return this.custody.member();
  }

  /** Keeps a member's key open that was just made. */
  async keepOpen(member: PrivateKey): Promise<void> {
    await this.custody.open(member);
    changed();
  }

  /** The device's key, made now if there was none; not announced by this. */
  device(): Promise<MadeKey> {
    return this.custody.device();
  }

  /** Announces this device to the hub, under a name for the people who confirm it. */
  async announce(name: string): Promise<Device> {
    const { jwk } = await this.custody.device();
    return send<Device>("POST", "/api/v1/custody/devices", { jwk, name });
  }

  /** Announces this device under another signing key, where the one of before was revoked. */
  async renew(name: string): Promise<Device> {
    const before = await this.here();
    if (before !== undefined) await ask("DELETE", `/api/v1/custody/devices/${before.jwk.kid}`);
    await this.custody.renewDevice();
    return this.announce(name);
  }

  /** The public half of the key this device signs with. */
  async deviceKey(): Promise<PublicJwk> {
    return (await this.custody.device()).jwk;
  }

  /** This device as the hub lists it. */
  async here(): Promise<Device | undefined> {
    const { jwk } = await this.custody.device();
    return this.view.devices.find((device) => device.jwk.kid === jwk.kid && !device.given_up);
  }

  /**
   * The keys of the own organisation, once a key holder has confirmed this person and this device: by a statement that the root key signed,
   * and under the root key that the holder read an answer about. What the hub says of it is not enough.
   */
  private async confirmed(told: typeof recent = recent): Promise<KeyRecord[]> {
    const { organisation, member } = this.view;
    const { history, records } = await told(organisation, this.store);
    await this.noteEnds(records);
    if ((await this.store.get(OWN_ROOT)) !== history.root.kid) throw new NotConfirmed();
    const [device, at] = [await this.deviceKey(), now()];
    const record = (kid: string | undefined): KeyRecord | undefined => records.find((one) => one.jwk.kid === kid);
    const [signs, reads] = [record(device.kid), record(member?.jwk.kid)];
    if (signs?.role !== "sign" || !maySign(signs, at) || reads?.role !== MEMBER || !mayEncryptTo(reads, at)) throw new NotConfirmed();
    return records;
  }

  /** Keeps when keys end, for the head of every page, which asks the hub for nothing. Answers it. */
  async noteEnds(records: KeyRecord[]): Promise<Ends> {
    const ends = endsOf(records, [(await this.deviceKey()).kid, this.view.member?.jwk.kid]);
    if (JSON.stringify(await this.store.get(ENDS)) !== JSON.stringify(ends)) {
      await this.store.put(ENDS, ends);
      changed();
    }
    return ends;
  }

  /** Whether a key holder confirmed this person and this device, and the keys have ended since. */
  async hasEnded(): Promise<boolean> {
    const { history } = await historyOf(this.view.organisation, this.store);
    const { own } = ((await this.store.get(ENDS)) as Ends | undefined) ?? {};
    return (await this.store.get(OWN_ROOT)) === history.root.kid && own !== undefined && own <= now();
  }

  /** Whether the member's key was revoked or retired, so that nobody can confirm it any more. */
  async isOver(): Promise<boolean> {
    const { records } = await historyOf(this.view.organisation, this.store);
    const own = records.find(({ jwk }) => jwk.kid === this.view.member?.jwk.kid);
    return own?.state === "revoked" || own?.state === "retired";
  }

  /** Trusts another root key of the own organisation, when it is the one that was read out. Answers whether it was. */
  async trustRoot(typed: string): Promise<boolean> {
    const { organisation } = this.view;
    const trusted = await trustRoot(organisation, typed, this.store);
    // Whoever read it out answered for it, as a key holder does who confirms somebody.
    if (trusted?.inForce === true) await this.believe(trusted.kid);
    return trusted !== undefined;
  }

  /** Whether this device was confirmed once and keys to read with were handed over. Whether they are still good is asked of the hub. */
  async hasRead(): Promise<boolean> {
    return this.view.keyrings.length > 0 && (await this.store.get(OWN_ROOT)) !== undefined;
  }

  /** Whether everything is in order to read and to sign, as the hub says at this moment. */
  async isConfirmed(): Promise<boolean> {
    try {
      await this.confirmed(historyOf);
      return true;
    } catch (error) {
      if (error instanceof NotConfirmed) return false;
      throw error;
    }
  }

  /** Remembers the root key that a key holder answered for. */
  async believe(root: string): Promise<void> {
    await this.store.put(OWN_ROOT, root);
  }

  /** The key this device signs with, while the member's key is open, once both were confirmed. */
  async signer(): Promise<PrivateKey> {
    if ((await this.left()) === 0) throw new Locked();
    await this.confirmed();
    return (await this.custody.device()).key;
  }

  /** The reader keys that were handed over, opened. Those that do not open are left out: their letters stay closed and say so. */
  async readers(): Promise<{ role: string; key: PrivateKey }[]> {
    const member = await this.custody.member();
    const records = await this.confirmed();
    const stated = (kid: string): KeyRecord | undefined => records.find((record) => record.jwk.kid === kid);
    const opened = [];
    for (const { role, kid, token } of this.view.keyrings) {
      const record = stated(kid);
      if (record?.role !== role || record.jwk.use !== "enc") continue;
      try {
        opened.push({ role, key: await openReader(token, member, { org: this.view.organisation, role, kid }) });
      } catch (fault) {
        if (!(fault instanceof KeyFault)) throw fault;
      }
    }
    if (opened.length === 0) throw new NotConfirmed();
    return opened;
  }
}

/** Tells the sign in the head of the page that the key was opened or locked, or whose the device is. */
const changed = (): boolean => document.dispatchEvent(new Event("throughline-key"));

/** The store of one person's keys on this device. */
export const storeOf = (staff: string): Store => browserStore(`throughline ${staff}`);

function by(member: NonNullable<View["member"]>, secret: { passphrase: string } | { code: string }): By {
  return "passphrase" in secret
    ? { wrap: member.passphrase, passphrase: secret.passphrase }
    : { wrap: member.recovery, code: secret.code };
}
