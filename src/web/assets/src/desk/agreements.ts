// The agreements between two organisations, as their parties signed them. The hub hands them out and cannot sign them, so each is held
// against every party's signature; what was verified is kept on the device, and verified again each time with what is known of keys by then.

import { type Agreement, type Terms, flow, termsOf } from "../gateway/agreement.ts";
import { utf8 } from "../gateway/bytes.ts";
import type { AgreementVersion } from "../gateway/consent.ts";
import { maySign } from "../gateway/directory-keys.ts";
import { Refusal } from "../gateway/fault.ts";
import { verify } from "../gateway/gate.ts";
import type { Keep } from "../gateway/policy.ts";
import type { Covering } from "../gateway/release.ts";
import type { Store } from "../gateway/store.ts";
import { moment } from "../gateway/time.ts";
import { all, get } from "./hub.ts";
import { known } from "./trust.ts";

export const TYP_AGREEMENT = "rp1-agreement+jws";
/** Characters of a signature: the longest document in base64url, and what is around it. */
const MAX_SIGNATURE = 88_405;
/** States of a version that was in force once. */
const TOOK_EFFECT = ["in_force", "suspended", "terminated", "expired", "superseded"];

/** What of a document matters when a person is asked, beyond what [`Agreement`] names. */
export interface Document extends Agreement {
  parties: { org: string }[];
  legal_bases: { org: string; purpose: string; article6?: string; public_law?: string; internal_policy?: string }[];
  retention: ({ purpose: string; ceiling_days: number } & Keep)[];
}

interface Row {
  id: string;
  version: number;
  parties: string[];
  state: string;
  standing: string;
  stopped_flows: { from: string; to: string }[];
}

interface Kept {
  document: string;
  signatures: { organisation: string; at: string; token: string }[];
}

/** A version of an agreement, and whether every party's signature is there and fits. */
export interface Held {
  terms: Terms & { document: Document };
  signed: boolean;
}

/** The agreements of our organisation with another one. */
export class Agreements {
  private readonly rows: Row[];
  private readonly store: Store;
  private readonly held = new Map<string, Promise<Held>>();

  private constructor(rows: Row[], store: Store) {
    this.rows = rows;
    this.store = store;
  }

  static async between(us: string, them: string, store: Store): Promise<Agreements> {
    const rows = await all<Row>("/api/v1/agreements?limit=200");
    return new Agreements(rows.filter(({ parties }) => parties.includes(us) && parties.includes(them)), store);
  }

  /** A version, whichever way it stands by now. */
  version(which: AgreementVersion): Promise<Held> {
    const name = `agreement ${which.id} ${which.version}`;
    const before = this.held.get(name);
    const found = before ?? this.load(name, which);
    if (before === undefined) this.held.set(name, found);
    return found;
  }

  private async load(name: string, { id, version }: AgreementVersion): Promise<Held> {
    const kept = (await this.store.get(name)) as Kept | undefined;
    const detail = kept ?? (await get<Kept>(`/api/v1/agreements/${id}/versions/${version}`));
    const { document, signatures } = detail;
    const terms = (await termsOf(utf8(document))) as Held["terms"];
    const isIt = terms.document.id === id && terms.document.version === version;
    const signed = isIt && (await isSigned(document, terms.document, signatures, this.store));
    if (signed && kept === undefined) await this.store.put(name, { document, signatures } satisfies Kept);
    return { terms, signed };
  }

  /**
   * What covers a direction for a service: what is in force before what is not, the newest first. What is not in force is told as well, so
   * that the page can say what is wrong with it.
   */
  async covering(from: string, to: string, service: string): Promise<Covering & { held?: Held }> {
    const none = { flow_stopped: false, signed: false, reverse: false, sent_today: 0, standing: "active" };
    const standing = (row: Row): number => (row.standing === "active" || row.standing === "review_late" ? 0 : row.state === "in_force" ? 1 : 2);
    const rows = this.rows.filter(({ state }) => TOOK_EFFECT.includes(state));
    rows.sort((one, other) => standing(one) - standing(other) || other.version - one.version);
    let reverse = false;
    let other: (Covering & { held: Held }) | undefined;
    for (const row of rows) {
      const held = await this.version(row);
      reverse ||= standing(row) === 0 && flow(held.terms, to, from) !== undefined;
      const way = flow(held.terms, from, to);
      if (way === undefined) continue;
      const versions = rows.filter(({ id }) => id === row.id).map(({ version }) => version);
      const found = {
        held, terms: held.terms, signed: held.signed, standing: row.standing, reverse, sent_today: 0,
        flow_stopped: row.stopped_flows.some((stopped) => stopped.from === from && stopped.to === to),
        current_version: Math.max(...versions),
      };
      if (way.services.includes(service) && held.signed) return found;
      other ??= found;
    }
    return other ?? { ...none, reverse };
  }
}

async function isSigned(document: string, { parties }: Document, signatures: Kept["signatures"], store: Store): Promise<boolean> {
  const keys = await known(parties.map(({ org }) => org), store);
  for (const { org } of parties) {
    const signature = signatures.find(({ organisation }) => organisation === org);
    const at = moment(signature?.at ?? "");
    if (signature === undefined || at === undefined) return false;
    try {
      const { payload } = await verify(signature.token, TYP_AGREEMENT, MAX_SIGNATURE, (kid) => {
        const record = keys.key(kid);
        return record?.organisation === org && maySign(record, at) ? keys.imported(record) : undefined;
      });
      const bytes = utf8(document);
      if (payload.length !== bytes.length || !payload.every((byte, place) => byte === bytes[place])) return false;
    } catch (refused) {
      if (!(refused instanceof Refusal)) throw refused;
      return false;
    }
  }
  return parties.length > 0;
}
