// Release: the sender's own check, before anything is encrypted. The first of three enforcement points, and the only one that sees both
// the record and the filled form.
//
// Without an agreement a consent is not enough, and without a consent an agreement is not. Every code that stands against a packet is
// told, not only the first. It judges the beginning of a referral, what its sender adds to it, and what a recipient writes back; what was
// received and is passed on is sealed by the other gateway.

import {
  type Terms, type Use, assessed, coversTransfer, flow, isVersion, items, noWider, onwardOf, opens, opensCategory, opensField,
  retention, widerFor,
} from "./agreement.ts";
import {
  type AgreementVersion, type Claims, type ConsentRecord, type GrantLine, type Status, allowsDisclosure, defects, holdsAt, names,
  until,
} from "./consent.ts";
import { Denials } from "./denials.ts";
import { type Level, own } from "./dictionary.ts";
import type { Attested } from "./packet.ts";
import { type Policy, type WeighedField, levelOf, within } from "./policy.ts";
import type { Release } from "./seal.ts";
import { DAY, type Moment, ofSeconds } from "./time.ts";

/** A member organisation, as far as it matters. */
export interface Member {
  id: string;
  active: boolean;
  country: string;
  /** Whether it has a mandate to enforce. */
  enforcement: boolean;
  /** The country it is an authority or consulate of. */
  authority_of?: string;
  /** The roles that can open compartments there. */
  roles: string[];
}

/** What covers the way from the sender to the recipient. */
export interface Covering {
  terms?: Terms;
  /** How that version stands: see [`STANDINGS`]. */
  standing: string;
  /** Whether this direction alone is stopped. */
  flow_stopped: boolean;
  /** Whether every party's signature is there and fits the document. */
  signed: boolean;
  /** The newest version that took effect. */
  current_version?: number;
  /** Whether some agreement covers the other direction. */
  reverse: boolean;
  /** Packets sent in this direction today. */
  sent_today: number;
}

/** A part of a certificate that was taken back. Read like a no line. */
export interface DeniedPart {
  onward?: string;
  purpose?: string;
  categories?: string[];
  fields?: string[];
}

/** The certificate a packet rests on. */
export interface Presented {
  claims: Claims;
  digest: string;
  /** Whether its signature was right with a key of its issuer. */
  genuine: boolean;
  status: Status;
  denied: DeniedPart[];
  /** The agreements in force when the person agreed, as far as they are known; those of now need not be among them. */
  at_consent: Terms[];
}

/** A certificate as the one it is for sees it: whether the consent still stands, and not what the person said. */
export interface SeenCertificate {
  id: string;
  digest: string;
  subject: string;
  status: Status;
  denied: DeniedPart[];
  /** When its last yes ends. */
  expires: Moment;
}

/** What the sender wants to send, in codes. */
export interface Wanted {
  sender: string;
  recipient?: string;
  urgency: string;
  retention: string;
  onward: string;
  fields: { id: string; justification?: string }[];
  /** Whether the person's language is rare where they are. */
  rare_language: boolean;
  attested: Attested;
  subject: string;
  agreement?: AgreementVersion & { digest: string };
  certificate?: { id: string; digest: string };
  /** Whether it begins the referral, or adds to it. */
  begins: boolean;
}

/** Everything that is looked at. The purpose and the service are those of the policy's excerpt. */
export interface Facts {
  at: Moment;
  wanted: Wanted;
  sender?: Member;
  recipient?: Member;
  /** What the directory says of the recipient and the service. */
  offer: { listed: boolean; full: boolean };
  agreement: Covering;
  certificate?: Presented;
  /** A referral of this person to this recipient for this service is open. */
  open_referral: boolean;
  /** A withdrawal is under way for this person. */
  withdrawal_running: boolean;
}

/** What is known of the filled form beyond the list of its fields. No value of a field is in here. */
export interface FormFacts {
  subjects: number;
  narratives: { field: string; chars: number; reviewed: boolean }[];
  files: { field: string; media_type: string; metadata_removed: boolean; scanned: boolean }[];
}

/** What may go, what is left out because the person said no, and what should be looked at although it passes. */
export interface Released extends Release {
  dropped: { field: string; code: string }[];
  warnings: string[];
}

/** What a standing does to new packets: nothing, a warning, or a refusal. */
const STANDINGS: Record<string, string> = {
  active: "", review_late: "W201", not_effective: "D202", review_overdue: "D219", suspended: "D203", expired: "D202",
  terminated: "D202", terminated_for_breach: "D202", superseded: "D204",
};

const MOST_NARRATIVE_CHARS = 4_000;
const ATTACHABLE = ["application/pdf", "image/jpeg", "image/png", "text/plain"];
/** How long before its end a consent is warned about. */
const WARN_BEFORE = 14 * DAY;
const PROFILE = "rp1";
const [STAFF_IDENTITY, LOCATION, BIOMETRICS, FUNDING] = ["K02", "K09", "K28", "K29"];

/**
 * Holds a form against consent, agreement, minimum set and the rest, as the hub and the recipient will again: the release, or every code
 * with the fields it is about. A field the person said no to is left out and told, or refuses the whole, as is asked.
 */
export function release(
  record: ConsentRecord,
  recordDigest: string,
  form: FormFacts,
  facts: Facts,
  [policy, whenThePersonSaidNo]: [Policy, "leave_out" | "refuse"],
): Released {
  const found = defects(record, policy, facts.at);
  found.unless(record.subject === facts.wanted.subject, "D303");
  const held = facts.certificate?.claims;
  found.unless(held === undefined || (held.record === recordDigest && held.ver === record.version), "D302", { subcode: "record" });
  const dropped = whenThePersonSaidNo === "refuse" ? [] : refusedBy(facts, policy);
  const kept = facts.wanted.fields.filter(({ id }) => !dropped.some(({ field }) => field === id));
  const judge = new Judge({ ...facts, wanted: { ...facts.wanted, fields: kept } }, policy);
  ofForm(form, kept.map(({ id }) => id), found);
  judge.all();
  for (const { code, ...about } of judge.found.found) found.raise(code, about);
  if (kept.length === 0) for (const { code, field } of dropped) found.raise(code, { fields: [field] });
  found.settle();
  return judge.released(kept, dropped);
}

/**
 * Holds what answers a packet against agreement, minimum set and what is known of the consent: the release, or every code. Who answers has
 * neither the record nor the certificate; the person's yes to what goes back is judged by the hub.
 */
export function releaseSeen(seen: SeenCertificate, form: FormFacts, facts: Facts, policy: Policy): Released {
  const found = new Denials();
  const { fields } = facts.wanted;
  ofForm(form, fields.map(({ id }) => id), found);
  const judge = new Judge(facts, policy);
  judge.answer(seen);
  for (const { code, ...about } of judge.found.found) found.raise(code, about);
  found.settle();
  return judge.released(fields, []);
}

/** What the person said no to. Anything else that is wrong stays wrong. */
function refusedBy(facts: Facts, policy: Policy): { field: string; code: string }[] {
  const judge = new Judge(facts, policy);
  judge.all();
  const refused = judge.found.found.filter(({ code }) => code === "D308" || code === "D309");
  return refused.flatMap(({ code, fields = [] }) => fields.map((field) => ({ field, code })));
}

/** What stands against the form whoever sends it. */
function ofForm(form: FormFacts, sent: string[], found: Denials): void {
  found.unless(form.subjects === 1, "D009");
  for (const { field, chars, reviewed } of form.narratives) {
    if (sent.includes(field) && (!reviewed || chars > MOST_NARRATIVE_CHARS)) found.raise("D601", { fields: [field] });
  }
  for (const { field, media_type, metadata_removed, scanned } of form.files) {
    const wrong = !ATTACHABLE.includes(media_type) ? "type" : !metadata_removed ? "metadata" : !scanned ? "scan" : undefined;
    if (sent.includes(field) && wrong !== undefined) found.raise("D607", { subcode: wrong, fields: [field] });
  }
}

/** A field of the packet that the dictionary knows. */
interface Known {
  id: string;
  justification: string | undefined;
  field: WeighedField;
  /** Raised where the fields around it make it more telling. */
  level: Level;
}

class Judge {
  readonly found = new Denials();
  private readonly warnings = new Set<string>();
  private end: Moment | undefined;
  private readonly facts: Facts;
  private readonly policy: Policy;
  private readonly known: Known[];

  constructor(facts: Facts, policy: Policy) {
    this.facts = facts;
    this.policy = policy;
    this.known = knownOf(facts, policy);
  }

  all(): void {
    this.members();
    this.form();
    if (this.facts.wanted.begins) this.directory();
    this.agreement();
    this.firewall();
    this.certificate();
    this.minimum();
    this.handling();
  }

  /** Judges an answer as far as who writes it can. */
  answer(seen: SeenCertificate): void {
    this.members();
    this.form();
    this.agreement();
    this.firewall();
    this.seen(seen);
    this.minimum();
    this.handling();
  }

  private handling(): void {
    const { found, facts } = this;
    found.about("D604", this.where(({ field }) => field.category === FUNDING));
    if (facts.wanted.attested.anonymous === true) {
      found.about("D605", this.where(({ field }) => field.category === STAFF_IDENTITY));
    }
    found.unless(!facts.open_referral || !facts.wanted.begins, "D608");
    found.unless(!facts.withdrawal_running, "D707");
  }

  released(kept: Wanted["fields"], dropped: Released["dropped"]): Released {
    const { wanted } = this.facts;
    const { sender, recipient, agreement, certificate } = wanted;
    if (recipient === undefined || agreement === undefined || certificate === undefined) {
      this.found.raise("D301");
      throw this.found;
    }
    return {
      sender, recipient, agreement, certificate, dropped,
      ...(this.end === undefined ? {} : { until: this.end }),
      purpose: this.policy.purpose.code, service: this.policy.service.code, urgency: wanted.urgency,
      retention: wanted.retention, onward: wanted.onward, subject: wanted.subject, attested: plain(wanted.attested),
      fields: kept.map(({ id, justification }) => ({ field: id, ...(justification === undefined ? {} : { justification }) })),
      warnings: [...this.warnings].sort(),
    };
  }

  private where(holds: (known: Known) => boolean): string[] {
    return this.known.filter(holds).map(({ id }) => id);
  }

  private members(): void {
    const { found, facts: { sender, recipient, wanted } } = this;
    found.unless(sender?.active === true, "D101");
    found.unless(wanted.recipient !== undefined && recipient?.active === true, "D102");
    if (wanted.recipient !== undefined) found.unless(wanted.recipient !== wanted.sender, "D103");
  }

  private form(): void {
    const { found, facts, policy } = this;
    found.about("D012", facts.wanted.fields.filter(({ id }) => own(policy.fields, id) === undefined).map(({ id }) => id));
    if (policy.service.route_as !== undefined) found.raise("D010", { subcode: "service_gives_away" });
  }

  private directory(): void {
    const { offer, wanted } = this.facts;
    this.found.unless(offer.listed, "D104");
    if (!offer.full) return;
    if (wanted.attested.overrides?.includes("D107") === true) this.warnings.add("W101");
    else this.found.raise("D107");
  }

  private agreement(): void {
    const { found, policy, facts: { agreement, wanted } } = this;
    const { service, purpose } = policy;
    found.unless(purpose.listed, "D216");
    const { terms } = agreement;
    if (terms === undefined || wanted.recipient === undefined) {
      found.raise(agreement.reverse ? "D218" : "D201");
      return;
    }
    this.inForce(terms);
    const way = flow(terms, wanted.sender, wanted.recipient);
    if (way === undefined) {
      const reversed = agreement.reverse || flow(terms, wanted.recipient, wanted.sender) !== undefined;
      found.raise(reversed ? "D218" : "D201");
      return;
    }
    found.unless(way.services.includes(service.code), "D207");
    const listed = items(way, purpose.code);
    if (listed === undefined) {
      found.raise("D206", { purpose: purpose.code });
    } else {
      found.about("D208", wanted.fields.map(({ id }) => id).filter((id) => !listed.has(id)));
      const keep = own(policy.retention, wanted.retention);
      const agreed = retention(terms, purpose.code);
      found.unless(keep !== undefined && agreed !== undefined && within(keep, agreed), "D211");
    }
    this.sensitive(terms);
    this.clauses(terms);
  }

  private inForce(terms: Terms): void {
    const { found, facts: { agreement, wanted } } = this;
    const effect = STANDINGS[agreement.standing] ?? "D202";
    if (effect.startsWith("W")) this.warnings.add(effect);
    else if (effect !== "") found.raise(effect, { subcode: agreement.standing });
    if (agreement.flow_stopped) found.raise("D203", { subcode: "flow" });
    found.unless(agreement.signed && wanted.agreement?.digest === terms.digest, "D205");
    const newer = agreement.current_version !== undefined && agreement.current_version !== terms.document.version;
    if (newer && !found.holds("D204")) found.raise("D204");
  }

  private sensitive(terms: Terms): void {
    const { found, policy, facts: { recipient, wanted } } = this;
    found.about("D209", this.where(({ level, field }) => level === "S3" && !opensCategory(terms, field.category)));
    const approved = (wanted.attested.approvals ?? 1) >= policy.approvals;
    const readAt = (id: string): boolean => recipient?.roles.includes(opensField(terms, id) ?? "") === true;
    found.about("D210", this.where(({ id, level }) => level === "S4" && !(approved && readAt(id))));
    found.about("D603", this.where(({ id, field }) => field.category === BIOMETRICS && opensField(terms, id) === undefined));
    const places = ({ id, field, level }: Known): boolean =>
      field.category === LOCATION && level >= "S3" && !opens(terms, id, field.category, level);
    found.about("D606", this.where(places));
  }

  private clauses(terms: Terms): void {
    const { found, facts: { agreement, wanted, sender, recipient, at } } = this;
    const { document } = terms;
    found.unless(document.destruction.methods.length > 0, "D212");
    found.unless(noWider(onwardOf(wanted.onward), document.onward.rule), "D213");
    found.unless(document.crypto.profiles.includes(PROFILE), "D007");
    if (sender !== undefined && recipient !== undefined) {
      found.unless(coversTransfer(terms, sender.country, recipient.country), "D214");
    }
    const { packets_per_day, fields_per_packet } = document.volumes;
    found.unless(agreement.sent_today < packets_per_day && wanted.fields.length <= fields_per_packet, "D220");
    found.unless(!this.known.some(({ level }) => level >= "S3") || assessed(terms, at), "D221");
  }

  /** Protection and enforcement do not mix: authorities of origin, and bodies with an enforcement mandate. */
  private firewall(): void {
    const { found, policy, facts: { sender, recipient, wanted, agreement, certificate } } = this;
    if (recipient === undefined) return;
    // Nobody says where the person comes from, so an authority of any country but the sender's counts.
    const ofOrigin = recipient.authority_of !== undefined && recipient.authority_of !== sender?.country;
    if (ofOrigin && wanted.attested.signal !== "absent") {
      const overridden = agreement.terms?.document.jurisdiction.origin_override === true;
      const advised = certificate?.claims.flags.protection_advice === true;
      found.unless(overridden && advised && this.everyFieldByName(), "D215");
    }
    const keptFrom = (who: "enforcement" | "origin_authority"): string[] =>
      this.where(({ field }) => field.kept_from?.includes(who) === true);
    if (ofOrigin) found.about("D217", keptFrom("origin_authority"));
    if (recipient.enforcement) {
      found.about("D217", keptFrom("enforcement"));
      const opened = policy.service.enforcement;
      found.about("D217", this.where(({ id, field }) => field.enforcement === true && !(opened && this.byName(id))));
    }
  }

  private everyFieldByName(): boolean {
    return this.facts.wanted.fields.every(({ id }) => this.byName(id));
  }

  private byName(field: string): boolean {
    return this.lines().some((line) => holdsAt(line, this.facts.at) && line.scope.fields?.includes(field) === true);
  }

  /** Whether it is a yes to disclosing something to the recipient. */
  private restsOn(line: GrantLine): boolean {
    return (
      line.effect === "permit" && line.operations?.includes("disclose") === true && line.unit === undefined &&
      line.recipient === this.facts.wanted.recipient
    );
  }

  /** The yes lines the packet may rest on: those for this recipient, purpose and service. */
  private lines(): GrantLine[] {
    const { certificate } = this.facts;
    const { service, purpose } = this.policy;
    return (certificate?.claims.lines ?? []).filter(
      (line) =>
        this.restsOn(line) && names(line.purpose, purpose.code) && (line.service === undefined || line.service === service.code),
    );
  }

  private certificate(): void {
    const { found, facts: { certificate, wanted } } = this;
    const cited = wanted.certificate;
    if (cited === undefined || certificate === undefined) {
      found.raise("D301");
      return;
    }
    const { claims } = certificate;
    found.unless(certificate.genuine && cited.digest === certificate.digest && cited.id === claims.id, "D302");
    found.unless(claims.sub === wanted.subject, "D303");
    if (!allowsDisclosure(certificate.status)) found.raise("D304", { subcode: certificate.status });
    this.attestations(claims);
    this.grants(certificate);
    if (claims.flags.third_parties === "no_basis") {
      found.about("D318", this.where(({ field }) => field.third_party === true));
    }
  }

  private seen({ id, digest, subject, status, denied, expires }: SeenCertificate): void {
    const { found, policy, facts: { at, wanted } } = this;
    const cited = wanted.certificate;
    if (cited === undefined) {
      found.raise("D301");
      return;
    }
    found.unless(cited.id === id && cited.digest === digest, "D302");
    found.unless(subject === wanted.subject, "D303");
    if (!allowsDisclosure(status)) found.raise("D304", { subcode: status });
    found.unless(at < expires, "D305");
    const purpose = policy.purpose.code;
    if (denied.some((part) => takesPurpose(part, purpose))) found.raise("D307", { purpose });
    found.about("D309", this.where(({ id: field, field: { category } }) => denied.some((part) => takes(part, field, category, purpose))));
    this.end = expires;
  }

  private attestations({ flags, lines, class: subject }: Claims): void {
    const { found, policy } = this;
    const named = lines.some(
      (line) => line.effect === "permit" && line.scope.fields?.some((field) => levelOf(policy, field) === "S4") === true,
    );
    const mostSensitive = named || this.known.some(({ level }) => level === "S4");
    found.unless(flags.info_complete, "D311");
    const secondNeeded = flags.method === "verbal" || mostSensitive;
    const alone = flags.companion_present !== "present" || !mostSensitive;
    found.unless(flags.attested && (flags.second_attested || !secondNeeded) && alone, "D312");
    found.unless(flags.interpreter_ok, "D313");
    found.unless(flags.representative_ok, "D314");
    found.unless(flags.separate, "D316");
    if (subject === "child") found.raise("D401", { subcode: "children_not_supported" });
  }

  private grants(held: Presented): void {
    const { found, policy, facts: { at, wanted } } = this;
    const { claims, denied } = held;
    const permits = claims.lines.filter((line) => line.effect === "permit");
    if (wanted.recipient === undefined || claims.iss !== wanted.sender || !permits.some((line) => this.restsOn(line))) {
      found.raise("D306");
      if (claims.flags.unresolved === true) found.raise("D317");
      return;
    }
    const purpose = policy.purpose.code;
    if (denied.some((part) => takesPurpose(part, purpose)) || this.lines().length === 0) {
      found.raise("D307", { purpose });
      return;
    }
    this.rounds();
    this.explicit(claims);
    const current = this.lines().filter((line) => holdsAt(line, at));
    if (current.length === 0 || ofSeconds(claims.exp) <= at) {
      found.raise("D305");
      return;
    }
    this.perField(held, wanted.recipient, current);
    this.wider(held, current);
    const end = Math.min(...current.map(until));
    this.end = end;
    if (end < at + WARN_BEFORE) this.warnings.add("W301");
  }

  private perField({ claims, denied: parts }: Presented, recipient: string, current: GrantLine[]): void {
    const { found, policy, facts: { at } } = this;
    const purpose = policy.purpose.code;
    const [missing, denied]: [string[], string[]] = [[], []];
    for (const known of this.known) {
      const { id, field } = known;
      const isNo = (line: GrantLine): boolean =>
        line.effect === "deny" && names(line.recipient, recipient) && names(line.purpose, purpose) && holdsAt(line, at) &&
        inScope(line, id, field.category);
      const refused = claims.lines.some(isNo) || parts.some((part) => takes(part, id, field.category, purpose));
      const reaching = current.filter((line) => reaches(line, known));
      const granted = reaching.some((line) => line.exclude?.includes(id) !== true);
      if (refused || (!granted && reaching.length > 0)) denied.push(id);
      else if (!granted || (this.stricter(id) === "restricted" && !this.byName(id))) missing.push(id);
    }
    found.about("D308", missing);
    found.about("D309", denied);
  }

  /**
   * A permission never grows with the agreement it was given under: some line must cover a field, and have been given when the agreement
   * allowed it already.
   */
  private wider({ at_consent }: Presented, current: GrantLine[]): void {
    const { found, policy, facts: { agreement: { terms: now }, sender, recipient, wanted } } = this;
    if (now === undefined || sender === undefined || recipient === undefined) return;
    const use: Use = {
      from: sender, to: recipient, service: policy.service.code, purpose: policy.purpose.code,
      keep: own(policy.retention, wanted.retention), onward: onwardOf(wanted.onward),
    };
    const covered = new Set<string>();
    const rests = new Set<string>();
    let someLine = false;
    for (const line of current) {
      const ofLine = this.known.filter((known) => reaches(line, known) && line.exclude?.includes(known.id) !== true);
      for (const { id } of ofLine) covered.add(id);
      const { agreement } = line;
      if (agreement === undefined || isVersion(now, agreement)) {
        someLine = true;
        for (const { id } of ofLine) rests.add(id);
        continue;
      }
      // What an unknown version said cannot be relied on.
      const then = at_consent.find((terms) => isVersion(terms, agreement));
      if (then === undefined) continue;
      const opened = (id: string): boolean => {
        const known = this.known.find((one) => one.id === id);
        return known === undefined || opens(then, id, known.field.category, known.level);
      };
      const wider = widerFor(then, use, ofLine.map(({ id }) => id), opened);
      if (wider.whole) continue;
      someLine = true;
      for (const { id } of ofLine) if (!wider.fields.includes(id)) rests.add(id);
    }
    const unsupported = [...covered].filter((id) => !rests.has(id));
    if (!someLine || unsupported.length > 0) found.raise("D310", { fields: unsupported });
  }

  private rounds(): void {
    const { policy, facts: { wanted } } = this;
    if (!policy.purpose.each_round) return;
    const { round } = wanted.attested;
    const agreed = this.lines().some(
      (line) => line.operations?.includes("follow_up_contact") === true && line.round !== undefined && line.round === round,
    );
    this.found.unless(agreed, "D315");
  }

  /** Every field by its name, the purpose by its name, and a second person who attests it. */
  private explicit({ flags }: Claims): void {
    const { purpose } = this.policy;
    if (!purpose.explicit) return;
    const named = this.lines().some((line) => line.purpose === purpose.code);
    this.found.unless(named && flags.second_attested && this.everyFieldByName(), "D319");
  }

  private minimum(): void {
    for (const { id, justification, field } of this.known) {
      const refused =
        field.need === "refused" ? field.deny
        : field.need === "minimum" ? undefined
        : justification !== undefined && field.with?.includes(justification) !== false ? undefined
        : "D602";
      if (refused !== undefined) this.found.raise(refused, { fields: [id] });
      else if (this.stricter(id) !== undefined && justification === undefined) this.found.raise("D602", { fields: [id] });
      else if (field.need === "justified") this.warnings.add("W602");
    }
  }

  /** A stricter tier the parties gave a field in their agreement. */
  private stricter(field: string): string | undefined {
    const { agreement: { terms }, wanted } = this.facts;
    const way = terms && flow(terms, wanted.sender, wanted.recipient ?? "");
    return way && items(way, this.policy.purpose.code)?.get(field);
  }
}

/** The fields the dictionary knows; the traits that together tell who somebody is are raised when enough of them come together. */
function knownOf({ wanted }: Facts, policy: Policy): Known[] {
  const counts = (trait: number): boolean => wanted.rare_language || policy.mosaic.only_if_rare[trait] !== true;
  const traits = new Set<number>();
  const known: Known[] = [];
  for (const { id, justification } of wanted.fields) {
    const field = own(policy.fields, id);
    if (field === undefined) continue;
    for (const trait of field.traits ?? []) if (counts(trait)) traits.add(trait);
    known.push({ id, justification, field, level: field.level });
  }
  const { at_least, treated_as } = policy.mosaic;
  if (traits.size >= at_least) {
    for (const one of known) {
      if (one.field.traits?.some(counts) === true && one.level < treated_as) one.level = treated_as;
    }
  }
  return known;
}

const inScope = (line: GrantLine, field: string, category: string): boolean =>
  line.scope.fields?.includes(field) === true || line.scope.categories?.includes(category) === true;

/** Whether a yes reaches a field: a category never reaches most sensitive ones. */
const reaches = (line: GrantLine, { id, field, level }: Known): boolean =>
  line.scope.fields?.includes(id) === true || (level < "S4" && line.scope.categories?.includes(field.category) === true);

/** Whether the purpose as a whole was taken back. */
const takesPurpose = ({ onward, purpose, categories = [], fields = [] }: DeniedPart, asked: string): boolean =>
  onward === undefined && purpose === asked && categories.length === 0 && fields.length === 0;

/** Whether the field was taken back for the purpose. */
const takes = ({ onward, purpose, categories = [], fields = [] }: DeniedPart, field: string, category: string, asked: string): boolean =>
  onward === undefined && (purpose === undefined || purpose === asked) && (fields.includes(field) || categories.includes(category));

/** What is attested beyond the default: one approval, and nobody looked for protection needs. */
function plain(attested: Attested): Attested {
  const { approvals, signal, round, overrides, anonymous } = attested;
  return {
    ...(approvals === undefined || approvals === 1 ? {} : { approvals }),
    ...(signal === undefined || signal === "not_screened" ? {} : { signal }),
    ...(round === undefined ? {} : { round }),
    ...(overrides === undefined || overrides.length === 0 ? {} : { overrides: [...overrides].sort() }),
    ...(anonymous === true ? { anonymous } : {}),
  };
}

