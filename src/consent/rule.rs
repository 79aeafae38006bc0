//! The authorisation rule: may this packet pass?
//!
//! A pure function over facts. It goes through every condition and returns every code that fails, lowest first; what passes with
//! a reservation comes back as warnings. Without an agreement a consent is not enough, and without a consent an agreement is not.
//! Information that moves no data needs neither, and is no packet: it is recorded as a need, and a packet that says so is refused.
//!
//! A condition that has nothing to be held against is not judged: without a certificate there are no lines to miss, so only the
//! missing certificate is reported.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{
    certificate::Claims,
    grant::{AgreementVersion, Asked, GrantLine, Named, Operation},
    onward::{self, FieldSource, Parent},
    record::{Companion, ExpressionMethod, SubjectClass, ThirdParties},
    reply::SeenCertificate,
    status::Status,
    withdrawal::DeniedPart,
};
use crate::{
    agreements::{self, Keep, NewPackets, OnwardRule, Standing, StricterTier, Terms, Use},
    kernel::{
        Digest, Timestamp,
        id::{AgreementId, CertificateId, OrganisationId, SubjectToken},
    },
    members::{Country, Organisation},
    policy::{
        CategoryCode, CompartmentCode, Denial, Denials, Deny, FieldId, JustificationCode, Level, Mode,
        OnwardCode, PurposeCode, ReaderRole, RetentionCode, ServiceCode, UrgencyCode, Warning,
        WorkingCalendar,
    },
};

/// Everything the rule looks at.
#[derive(Clone, Debug)]
pub struct Facts {
    /// When the hub received it; at the gateway, the present moment.
    pub at: Timestamp,
    /// What the sender proposes.
    pub proposal: Proposal,
    /// The sender, when it is a member.
    pub sender: Option<Member>,
    /// The recipient, when it is a member.
    pub recipient: Option<Member>,
    /// What the directory says about the recipient and the service.
    pub offer: Offer,
    /// What covers the way from sender to recipient.
    pub agreement: Covering,
    /// The certificate that was cited, when it is known.
    pub certificate: Option<Presented>,
    /// A referral of this token to this recipient for this service is open.
    pub open_referral: bool,
    /// A withdrawal or restriction is under way for this token.
    pub withdrawal_running: bool,
    /// The referral that it continues, when that is known.
    pub parent: Option<Parent>,
}

/// What the sender proposes.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Who sends.
    pub sender: OrganisationId,
    /// To whom, when the envelope names somebody.
    pub recipient: Option<OrganisationId>,
    /// On what footing.
    pub mode: Mode,
    /// For what.
    pub purpose: PurposeCode,
    /// Whether the purpose is on the closed list, and may be a purpose of its own.
    pub purpose_listed: bool,
    /// The code that goes in the place of one that by itself tells what nobody may read in an envelope.
    pub routed_as: Option<ServiceCode>,
    /// Whether this purpose needs an explicit consent, field by field.
    pub purpose_explicit: bool,
    /// Whether this purpose is asked again each round.
    pub purpose_each_round: bool,
    /// Whether an enforcement body may receive what is enforcement-sensitive for this purpose or service.
    pub enforcement_opened: bool,
    /// What the person is referred to.
    pub service: ServiceCode,
    /// Until when the person needs it.
    pub urgency: UrgencyCode,
    /// The retention code of the envelope.
    pub retention: RetentionCode,
    /// The onward code of the envelope.
    pub passing_on: OnwardCode,
    /// The fields, as the manifest lists them.
    pub fields: Vec<FieldFact>,
    /// Whether the dictionary version of the manifest is known.
    pub dictionary_known: bool,
    /// What the retention code means; `None` when it means nothing.
    pub keep: Option<Keep>,
    /// What the onward code means; a code that means nothing allows the most.
    pub onward: OnwardRule,
    /// The packet profile.
    pub profile: String,
    /// How many people at the sender approved it.
    pub approvals: u8,
    /// How many must, when something most sensitive is in it.
    pub approvals_needed: u8,
    /// What the sender says about protection needs. Looked at only for authorities of other countries.
    pub signal: ProtectionSignal,
    /// The person's pseudonym.
    pub subject: SubjectToken,
    /// The agreement it cites.
    pub agreement: Option<CitedAgreement>,
    /// The certificate it cites.
    pub certificate: Option<CitedCertificate>,
    /// The round of follow-up, for P08.
    pub round: Option<u16>,
    /// Soft refusals the sender overrode with a code.
    pub overrides: BTreeSet<Deny>,
    /// Whether the worker asked not to be named.
    pub worker_anonymous: bool,
    /// Whether it continues another referral.
    pub onwards: Onwards,
    /// What it is within its referral.
    pub course: Course,
}

/// What a packet is within its referral.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// It begins the referral.
    Begins,
    /// Its sender adds to it. Whether the recipient offers the service was settled when it began.
    Continues,
    /// Its recipient writes back: the agreement's reverse flow carries it, and the person's yes to what goes back.
    Answers,
}

/// One field of the manifest.
#[derive(Clone, Debug)]
pub struct FieldFact {
    /// The field.
    pub id: FieldId,
    /// What the dictionary says of it; `None` when it does not know the field.
    pub known: Option<KnownField>,
    /// Why it is sent although it is beyond the minimum set.
    pub justification: Option<JustificationCode>,
    /// How the minimum set of the service weighs it, its justification considered.
    pub weighed: Result<Option<Warning>, Deny>,
    /// Whether the minimum set keeps it from bodies with an enforcement mandate.
    pub kept_from_enforcement: bool,
    /// Whether the minimum set keeps it from authorities of a country of origin.
    pub kept_from_origin: bool,
    /// Whether it is in the compartment it belongs to.
    pub compartment_fits: bool,
    /// Where the sender has it from, in a packet that passes something on.
    pub source: Option<FieldSource>,
}

/// What the dictionary says of a field.
#[derive(Clone, Debug)]
pub struct KnownField {
    /// Its category.
    pub category: CategoryCode,
    /// Its level, raised where the fields around it make it more telling.
    pub level: Level,
    /// The compartment it belongs to.
    pub compartment: CompartmentCode,
    /// Whether it is sensitive towards enforcement.
    pub enforcement: bool,
    /// Whether it tells of other people.
    pub third_party: bool,
}

/// What the sender says about a possible need of international protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProtectionSignal {
    /// Looked for, none found.
    Absent,
    /// There is one.
    Present,
    /// Nobody looked.
    NotScreened,
}

/// An agreement as a packet cites it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CitedAgreement {
    /// The agreement.
    pub id: AgreementId,
    /// The version.
    pub version: u32,
    /// Digest of the document.
    pub digest: Digest,
}

/// A certificate as a packet cites it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CitedCertificate {
    /// The certificate.
    pub id: CertificateId,
    /// Digest of its token.
    pub digest: Digest,
}

/// Whether a packet continues another referral.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onwards {
    /// It does not.
    No,
    /// It does: what was received is passed on.
    Yes,
    /// It does, and the person does not want whoever sent what is continued to hear of it.
    Untold,
}

/// A member organisation.
#[derive(Clone, Debug)]
pub struct Member {
    /// The organisation.
    pub id: OrganisationId,
    /// Whether it takes part at present.
    pub active: bool,
    /// Where it is established.
    pub country: Country,
    /// Whether it has a mandate to enforce.
    pub enforcement: bool,
    /// The country it is an authority or consulate of.
    pub authority_of: Option<Country>,
    /// The roles that can open compartments there.
    pub roles: BTreeSet<ReaderRole>,
    /// When it works, once it has said so. Says nothing about whether something may pass; what follows from a pass is counted by it.
    pub calendar: Option<Arc<WorkingCalendar>>,
}

/// What is known about a recipient and a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Whether the directory lists the service.
    listed: bool,
    /// Whether the person is who the service is for.
    eligibility: Eligibility,
    /// Whether the person is in its area.
    area: Area,
    /// Whether there is room.
    availability: Availability,
    /// Whether the unit is barred for safeguarding reasons.
    barred: bool,
    /// Whether the recipient is accused in an open complaint of this person, or named as a risk.
    accused: bool,
}

impl Offer {
    /// What can be known: whether the directory lists the service, and whether it has room. Who and where the person is lies sealed, and
    /// nobody keeps bars and complaints, so D105, D106, D108 and D109 are never raised.
    pub const fn told(listed: bool, availability: Availability) -> Self {
        Self {
            listed,
            availability,
            eligibility: Eligibility::Unknown,
            area: Area::Unknown,
            barred: false,
            accused: false,
        }
    }
}

/// Whether the person is who a service is for. What is not known is no refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eligibility {
    /// Yes.
    Fits,
    /// Nobody can say without data.
    Unknown,
    /// No.
    Outside,
}

/// Whether the person is in the area of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// Yes.
    Inside,
    /// Nobody can say.
    Unknown,
    /// No.
    Outside,
}

/// Whether a service has room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// Yes, or nobody says.
    Open,
    /// No, and there is a waiting list.
    Waitlist,
    /// No, and there is none.
    Full,
}

/// What covers the way from a sender to a recipient.
#[derive(Clone, Debug)]
pub struct Covering {
    /// The terms that were cited, when they are known here.
    pub terms: Option<Arc<Terms>>,
    /// How that version stands.
    pub standing: Standing,
    /// Whether this direction alone is stopped.
    pub flow_stopped: bool,
    /// Whether every party's signature is there and fits the document.
    pub signed: bool,
    /// The newest version that took effect.
    pub current_version: Option<u32>,
    /// Whether some agreement covers the other direction.
    pub reverse: bool,
    /// Packets sent in this direction today.
    pub sent_today: u32,
}

impl Member {
    /// From what the room of members holds. `roles` are those that can open compartments there at present.
    pub fn of(organisation: &Organisation, roles: BTreeSet<ReaderRole>) -> Self {
        Self {
            id: organisation.id,
            active: organisation.is_active(),
            country: organisation.country,
            enforcement: organisation.enforcement,
            authority_of: organisation.authority_of,
            roles,
            calendar: organisation.calendar.clone(),
        }
    }
}

impl Covering {
    /// Nothing is known that covers it.
    pub fn none() -> Self {
        Self {
            terms: None,
            standing: Standing::NotEffective,
            flow_stopped: false,
            signed: false,
            current_version: None,
            reverse: false,
            sent_today: 0,
        }
    }
}

/// A certificate as the hub holds it.
#[derive(Clone, Debug)]
pub struct Presented {
    /// What it says.
    pub claims: Arc<Claims>,
    /// Digest of its token.
    pub digest: Digest,
    /// Whether its signature was right with a key of its issuer.
    pub genuine: bool,
    /// Where the consent stands.
    pub status: Status,
    /// What was taken back of it.
    pub denied: Vec<DeniedPart>,
    /// Whether a yes of it names a most sensitive field.
    pub names_most_sensitive: bool,
    /// The agreements that were in force when the person agreed, as far as they are known.
    pub at_consent: BTreeMap<AgreementVersion, Arc<Terms>>,
}

/// The packet may pass. Only this file makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    warnings: BTreeSet<Warning>,
    until: Option<Timestamp>,
}

impl Permission {
    /// What should be looked at although it passes.
    pub fn warnings(&self) -> impl Iterator<Item = Warning> + '_ {
        self.warnings.iter().copied()
    }

    /// When the consent it rests on ends.
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }
}

/// How long before its end a consent is warned about.
const WARN_BEFORE: TimeDelta = TimeDelta::days(14);

const STAFF_IDENTITY: &str = "K02";
const LOCATION: &str = "K09";
const BIOMETRICS: &str = "K28";
const FUNDING: &str = "K29";

/// Judges a proposal by the facts: the permission, or every code that stands against it.
pub fn judge(facts: &Facts) -> Result<Permission, Denials> {
    let mut judge = Judge { facts, found: Denials::none(), warnings: BTreeSet::new(), until: None };
    judge.members();
    match facts.proposal.mode {
        Mode::Consent => judge.consent_mode(),
        // Nothing about a person travels on information alone: a need says all there is.
        Mode::Info => judge.raise(Denial::new(Deny::D301).subcode("information_moves_no_data")),
        Mode::Emergency => judge.raise(Denial::new(Deny::D501).subcode("mode_not_supported")),
        Mode::Legal => judge.raise(Denial::new(Deny::D506).subcode("mode_not_supported")),
    }
    judge.found.into_result()?;
    Ok(Permission { warnings: judge.warnings, until: judge.until })
}

/// Judges an answer as far as who writes it can: the certificate by what is seen of it, everything else by the facts. The hub judges
/// the whole.
pub(super) fn judge_reply(facts: &Facts, seen: &SeenCertificate) -> Result<Permission, Denials> {
    let mut judge = Judge { facts, found: Denials::none(), warnings: BTreeSet::new(), until: None };
    judge.members();
    judge.form();
    judge.agreement();
    judge.firewall();
    judge.seen(seen);
    judge.minimum();
    judge.handling();
    judge.flow();
    judge.found.into_result()?;
    Ok(Permission { warnings: judge.warnings, until: judge.until })
}

struct Judge<'a> {
    facts: &'a Facts,
    found: Denials,
    warnings: BTreeSet<Warning>,
    until: Option<Timestamp>,
}

impl<'a> Judge<'a> {
    fn raise(&mut self, denial: impl Into<Denial>) {
        self.found.raise(denial);
    }

    fn unless(&mut self, holds: bool, deny: Deny) {
        if !holds {
            self.raise(deny);
        }
    }

    /// Raises a code about fields, when there are any.
    fn about(&mut self, deny: Deny, fields: impl IntoIterator<Item = FieldId>) {
        let fields: Vec<FieldId> = fields.into_iter().collect();
        if !fields.is_empty() {
            self.raise(Denial::new(deny).fields(fields));
        }
    }

    fn known(&self) -> impl Iterator<Item = (&'a FieldFact, &'a KnownField)> + use<'a> {
        self.facts.proposal.fields.iter().filter_map(|field| Some((field, field.known.as_ref()?)))
    }

    fn fields_where(&self, holds: impl Fn(&FieldFact, &KnownField) -> bool) -> Vec<FieldId> {
        self.known().filter(|(field, known)| holds(field, known)).map(|(field, _)| field.id.clone()).collect()
    }

    fn consent_mode(&mut self) {
        self.form();
        if self.facts.proposal.course == Course::Begins {
            self.directory();
        }
        self.agreement();
        self.firewall();
        self.certificate();
        self.minimum();
        self.handling();
        self.flow();
    }

    fn members(&mut self) {
        let facts = self.facts;
        let active = |member: &Option<Member>| member.as_ref().is_some_and(|member| member.active);
        self.unless(active(&facts.sender), Deny::D101);
        match facts.proposal.recipient {
            Some(recipient) => {
                self.unless(active(&facts.recipient), Deny::D102);
                self.unless(recipient != facts.proposal.sender, Deny::D103);
            }
            None => self.raise(Deny::D102),
        }
    }

    fn form(&mut self) {
        let proposal = &self.facts.proposal;
        let unknown: Vec<FieldId> = proposal
            .fields
            .iter()
            .filter(|field| field.known.is_none())
            .map(|field| field.id.clone())
            .collect();
        if !proposal.dictionary_known {
            self.raise(Denial::new(Deny::D012).subcode("dictionary"));
        }
        self.about(Deny::D012, unknown);
        if proposal.routed_as.is_some() {
            self.raise(Denial::new(Deny::D010).subcode("service_gives_away"));
        }
        self.about(Deny::D013, self.fields_where(|field, _| !field.compartment_fits));
    }

    fn directory(&mut self) {
        let offer = self.facts.offer;
        self.unless(offer.listed, Deny::D104);
        self.soft(offer.eligibility != Eligibility::Outside, Deny::D105);
        self.soft(offer.area != Area::Outside, Deny::D106);
        self.soft(offer.availability != Availability::Full, Deny::D107);
        self.unless(!offer.barred, Deny::D108);
        self.unless(!offer.accused, Deny::D109);
    }

    fn soft(&mut self, holds: bool, deny: Deny) {
        if !holds && self.facts.proposal.overrides.contains(&deny) {
            self.warnings.insert(Warning::W101);
        } else {
            self.unless(holds, deny);
        }
    }

    fn agreement(&mut self) {
        let covering = &self.facts.agreement;
        let proposal = &self.facts.proposal;
        self.unless(proposal.purpose_listed, Deny::D216);
        let Some((terms, recipient)) = covering.terms.as_ref().zip(proposal.recipient) else {
            self.raise(if covering.reverse { Deny::D218 } else { Deny::D201 });
            return;
        };
        self.in_force(terms);
        let Some(flow) = terms.flow(proposal.sender, recipient) else {
            let reversed = covering.reverse || terms.flow(recipient, proposal.sender).is_some();
            self.raise(if reversed { Deny::D218 } else { Deny::D201 });
            return;
        };
        self.unless(flow.services.contains(&proposal.service), Deny::D207);
        match flow.purposes.get(&proposal.purpose) {
            None => self.raise(Denial::new(Deny::D206).purpose(proposal.purpose.clone())),
            Some(items) => {
                let unlisted =
                    proposal.fields.iter().map(|field| &field.id).filter(|id| !items.contains_key(*id));
                self.about(Deny::D208, unlisted.cloned().collect::<Vec<_>>());
                let keep = proposal.keep.zip(terms.retention(&proposal.purpose));
                self.unless(keep.is_some_and(|(keep, agreed)| agreed.covers(keep)), Deny::D211);
            }
        }
        self.sensitive(terms);
        self.clauses(terms);
    }

    fn in_force(&mut self, terms: &Terms) {
        let covering = &self.facts.agreement;
        match covering.standing.effects().new_packets {
            NewPackets::ByRule => {}
            NewPackets::ByRuleWithWarning => {
                self.warnings.insert(Warning::W201);
            }
            NewPackets::Refused(deny) => self.raise(Denial::new(deny).subcode(covering.standing.name())),
        }
        if covering.flow_stopped {
            self.raise(Denial::new(Deny::D203).subcode("flow"));
        }
        let cited = self.facts.proposal.agreement;
        let fits = cited.is_some_and(|cited| cited.digest == terms.digest());
        self.unless(covering.signed && fits, Deny::D205);
        let newer = covering.current_version.is_some_and(|current| current != terms.version());
        if newer && !self.found.holds(Deny::D204) {
            self.raise(Deny::D204);
        }
    }

    fn sensitive(&mut self, terms: &Terms) {
        let roles = self.facts.recipient.as_ref().map(|recipient| &recipient.roles);
        let approved = self.facts.proposal.approvals >= self.facts.proposal.approvals_needed;
        let closed =
            self.fields_where(|_, known| known.level == Level::S3 && !terms.opens_category(&known.category));
        self.about(Deny::D209, closed);
        let unmet = self.fields_where(|field, known| {
            let role_there = || {
                terms
                    .opens_field(&field.id)
                    .is_some_and(|role| roles.is_some_and(|roles| roles.contains(role)))
            };
            known.level == Level::S4 && !(approved && role_there())
        });
        self.about(Deny::D210, unmet);
        let unopened = |field: &FieldFact, known: &KnownField| {
            !agreements::opens(terms, &field.id, &known.category, known.level)
        };
        let pictures = |field: &FieldFact, known: &KnownField| {
            known.category.as_str() == BIOMETRICS && terms.opens_field(&field.id).is_none()
        };
        self.about(Deny::D603, self.fields_where(pictures));
        let places = |field: &FieldFact, known: &KnownField| {
            known.category.as_str() == LOCATION && known.level >= Level::S3 && unopened(field, known)
        };
        self.about(Deny::D606, self.fields_where(places));
    }

    fn clauses(&mut self, terms: &Terms) {
        let facts = self.facts;
        self.unless(terms.names_destruction(), Deny::D212);
        self.unless(facts.proposal.onward.within(terms.onward()), Deny::D213);
        self.unless(terms.allows_profile(&facts.proposal.profile), Deny::D007);
        if let (Some(sender), Some(recipient)) = (&facts.sender, &facts.recipient) {
            self.unless(terms.covers_transfer(sender.country, recipient.country), Deny::D214);
        }
        let volumes = &terms.document().volumes;
        let too_many =
            usize::try_from(volumes.fields_per_packet).is_ok_and(|most| facts.proposal.fields.len() > most);
        self.unless(facts.agreement.sent_today < volumes.packets_per_day && !too_many, Deny::D220);
        let sensitive = self.known().any(|(_, known)| known.level >= Level::S3);
        self.unless(!sensitive || terms.assessed(facts.at), Deny::D221);
    }

    /// Protection and enforcement do not mix: authorities of origin, and bodies with an enforcement mandate.
    fn firewall(&mut self) {
        let facts = self.facts;
        let Some(recipient) = &facts.recipient else { return };
        // The hub does not know where the person comes from, so an authority of any country but the sender's counts.
        let here = facts.sender.as_ref().map(|sender| sender.country);
        let of_origin = recipient.authority_of.is_some_and(|country| Some(country) != here);
        if of_origin && facts.proposal.signal != ProtectionSignal::Absent {
            let overridden = facts
                .agreement
                .terms
                .as_ref()
                .is_some_and(|terms| terms.document().jurisdiction.origin_override);
            let advised = facts.certificate.as_ref().is_some_and(|held| held.claims.flags.protection_advice);
            self.unless(overridden && advised && self.every_field_by_name(), Deny::D215);
        }
        if of_origin {
            self.about(Deny::D217, self.fields_where(|field, _| field.kept_from_origin));
        }
        if recipient.enforcement {
            self.about(Deny::D217, self.fields_where(|field, _| field.kept_from_enforcement));
            let opened = facts.proposal.enforcement_opened;
            let blocked = self.fields_where(|field, known| {
                known.enforcement && !(opened && self.granted_by_name(&field.id))
            });
            self.about(Deny::D217, blocked);
        }
    }

    fn every_field_by_name(&self) -> bool {
        self.facts.proposal.fields.iter().all(|field| self.granted_by_name(&field.id))
    }

    fn granted_by_name(&self, field: &FieldId) -> bool {
        self.lines().any(|line| line.holds_at(self.facts.at) && line.scope.fields.contains(field))
    }

    /// The yes lines the packet may rest on: those for this recipient, purpose and service.
    fn lines(&self) -> impl Iterator<Item = &'a GrantLine> + use<'a> {
        let facts = self.facts;
        let proposal = &facts.proposal;
        let held = facts.certificate.as_ref();
        held.into_iter().flat_map(move |held| {
            held.claims
                .lines
                .iter()
                .filter(|line| facts.rests_on(line) && line.is_for(&proposal.purpose, &proposal.service))
        })
    }

    fn certificate(&mut self) {
        let facts = self.facts;
        let Some(cited) = facts.proposal.certificate else {
            self.raise(Deny::D301);
            return;
        };
        let Some(held) = &facts.certificate else {
            // Whether it is unknown or another organisation's, the sender learns the same.
            self.raise(Deny::D301);
            return;
        };
        let claims = &held.claims;
        self.unless(held.genuine && cited.digest == held.digest && cited.id == claims.id, Deny::D302);
        self.unless(claims.sub == facts.proposal.subject, Deny::D303);
        if !held.status.allows_disclosure() {
            self.raise(Denial::new(Deny::D304).subcode(held.status.name()));
        }
        self.attestations(held);
        self.grants(held);
        self.third_parties(claims);
    }

    /// A certificate of which the lines are not seen: whether it is the one that was cited, still stands, and what was taken back.
    fn seen(&mut self, seen: &SeenCertificate) {
        let facts = self.facts;
        let (at, proposal) = (facts.at, &facts.proposal);
        let Some(cited) = proposal.certificate else {
            self.raise(Deny::D301);
            return;
        };
        self.unless(cited == seen.cited, Deny::D302);
        self.unless(seen.subject == proposal.subject, Deny::D303);
        if !seen.status.allows_disclosure() {
            self.raise(Denial::new(Deny::D304).subcode(seen.status.name()));
        }
        self.unless(at < seen.expires, Deny::D305);
        let to = proposal.recipient.filter(|_| facts.borrowed_from().is_some());
        self.unless(!to.is_some_and(|to| seen.denied.iter().any(|part| part.takes_onward(to))), Deny::D306);
        let purpose = &proposal.purpose;
        if seen.denied.iter().any(|part| part.takes_purpose(purpose)) {
            self.raise(Denial::new(Deny::D307).purpose(purpose.clone()));
        }
        let taken = self.fields_where(|field, known| {
            seen.denied.iter().any(|part| part.takes(&field.id, Some(&known.category), purpose))
        });
        self.about(Deny::D309, taken);
        self.until = Some(seen.expires);
    }

    fn attestations(&mut self, held: &Presented) {
        let flags = &held.claims.flags;
        let most_sensitive =
            held.names_most_sensitive || self.known().any(|(_, known)| known.level == Level::S4);
        self.unless(flags.info_complete, Deny::D311);
        let second_needed = flags.method == ExpressionMethod::Verbal || most_sensitive;
        let alone = flags.companion_present != Companion::Present || !most_sensitive;
        self.unless(flags.attested && (flags.second_attested || !second_needed) && alone, Deny::D312);
        self.unless(flags.interpreter_ok, Deny::D313);
        self.unless(flags.representative_ok, Deny::D314);
        self.unless(flags.separate, Deny::D316);
        if held.claims.class == SubjectClass::Child {
            self.raise(Denial::new(Deny::D401).subcode("children_not_supported"));
        }
    }

    fn grants(&mut self, held: &Presented) {
        let facts = self.facts;
        let proposal = &facts.proposal;
        let claims = &held.claims;
        let named = proposal.recipient.filter(|recipient| {
            let issuer = match (facts.borrowed_from(), proposal.course) {
                (Some(parent), _) => parent.sender,
                (None, Course::Answers) => *recipient,
                (None, Course::Begins | Course::Continues) => proposal.sender,
            };
            let taken = facts.borrowed_from().is_some()
                && held.denied.iter().any(|part| part.takes_onward(*recipient));
            claims.iss == issuer && !taken && claims.permits().any(|line| facts.rests_on(line))
        });
        let Some(recipient) = named else {
            self.raise(Deny::D306);
            if claims.flags.unresolved {
                self.raise(Deny::D317);
            }
            return;
        };
        let taken = held.denied.iter().any(|part| part.takes_purpose(&proposal.purpose));
        if taken || self.lines().next().is_none() {
            self.raise(Denial::new(Deny::D307).purpose(proposal.purpose.clone()));
            return;
        }
        self.rounds();
        self.explicit();
        let current: Vec<&GrantLine> = self.lines().filter(|line| line.holds_at(facts.at)).collect();
        if current.is_empty() || claims.expires() <= facts.at {
            self.raise(Deny::D305);
            return;
        }
        self.per_field(held, recipient, &current);
        self.wider(held, &current);
        let until = current.iter().map(|line| line.until).min();
        self.until = until;
        if until.is_some_and(|until| until < facts.at.plus(WARN_BEFORE)) {
            self.warnings.insert(Warning::W301);
        }
    }

    fn per_field(&mut self, held: &Presented, recipient: OrganisationId, current: &[&GrantLine]) {
        let proposal = &self.facts.proposal;
        let purpose = &proposal.purpose;
        let (mut missing, mut denied) = (Vec::new(), Vec::new());
        for (field, known) in self.known() {
            let asked = Asked { field: &field.id, category: &known.category, level: known.level };
            let touched = [Some(recipient), self.facts.borrowed_from().map(|parent| parent.recipient)];
            let is_no = |line: &GrantLine| {
                touched.into_iter().flatten().any(|to| line.denies(asked, to, purpose, self.facts.at))
            };
            let refused = held.claims.lines.iter().any(is_no)
                || held.denied.iter().any(|part| part.takes(&field.id, Some(&known.category), purpose));
            let reaching: Vec<_> = current.iter().filter(|line| line.reaches(asked)).collect();
            let granted = reaching.iter().any(|line| !line.excludes(&field.id));
            if refused || (!granted && !reaching.is_empty()) {
                denied.push(field.id.clone());
            } else if proposal.course == Course::Answers {
                // What the recipient found out itself is in nobody's scope; the agreement lists what may go back.
            } else if !granted
                || (self.stricter(&field.id) == Some(StricterTier::Restricted)
                    && !self.granted_by_name(&field.id))
            {
                missing.push(field.id.clone());
            }
        }
        self.about(Deny::D308, missing);
        self.about(Deny::D309, denied);
    }

    /// A permission never grows with the agreement it was given under: some line must cover a field, and have been given when
    /// the agreement allowed it already.
    fn wider(&mut self, held: &Presented, current: &[&GrantLine]) {
        let facts = self.facts;
        if let Some(parent) = facts.borrowed_from() {
            match onward::wider(facts, parent, held, current) {
                Some(fields) => self.about(Deny::D310, fields),
                None => self.raise(Deny::D310),
            }
            return;
        }
        let (Some(now), Some(sender), Some(recipient)) =
            (&facts.agreement.terms, &facts.sender, &facts.recipient)
        else {
            return;
        };
        let proposal = &facts.proposal;
        let asked = Use {
            from: (sender.id, sender.country),
            to: (recipient.id, recipient.country),
            service: &proposal.service,
            purpose: &proposal.purpose,
            keep: proposal.keep,
            onward: proposal.onward,
        };
        let known: BTreeMap<&FieldId, &KnownField> =
            self.known().map(|(field, known)| (&field.id, known)).collect();
        let opened = |terms: &Terms, field: &FieldId| {
            known.get(field).is_none_or(|known| agreements::opens(terms, field, &known.category, known.level))
        };
        let present = AgreementVersion { id: now.id(), version: now.version() };
        let mut rests: BTreeSet<&FieldId> = BTreeSet::new();
        let (mut covered, mut some_line) = (BTreeSet::new(), false);
        for line in current {
            let reaches = |known: &KnownField, field: &FieldId| {
                let asked = Asked { field, category: &known.category, level: known.level };
                (proposal.course == Course::Answers || line.reaches(asked)) && !line.excludes(field)
            };
            let of_line: Vec<&FieldId> = known
                .iter()
                .filter(|(field, known)| reaches(known, field))
                .map(|(field, _)| *field)
                .collect();
            covered.extend(of_line.iter().copied());
            let then = line.agreement.filter(|then| *then != present);
            let Some(then) = then else {
                some_line = true;
                rests.extend(of_line);
                continue;
            };
            // What an unknown version said cannot be relied on.
            let Some(terms) = held.at_consent.get(&then) else { continue };
            let wider = agreements::wider_for(terms, asked, of_line.iter().copied(), opened);
            if !wider.whole {
                some_line = true;
                rests.extend(of_line.into_iter().filter(|field| !wider.fields.contains(*field)));
            }
        }
        let unsupported: Vec<FieldId> = covered.difference(&rests).map(|field| (*field).clone()).collect();
        if !some_line || !unsupported.is_empty() {
            self.raise(Denial::new(Deny::D310).fields(unsupported));
        }
    }

    fn rounds(&mut self) {
        let proposal = &self.facts.proposal;
        if !proposal.purpose_each_round {
            return;
        }
        let asked = proposal.round;
        let agreed = self.lines().any(|line| {
            line.operations.contains(&Operation::FollowUpContact)
                && line.round.is_some()
                && line.round == asked
        });
        self.unless(agreed, Deny::D315);
    }

    /// Reporting to law enforcement: every field by its name, the purpose by its name, and a second person who attests it.
    fn explicit(&mut self) {
        let proposal = &self.facts.proposal;
        if !proposal.purpose_explicit {
            return;
        }
        let named = self.lines().any(|line| line.purpose == Named::One(proposal.purpose.clone()));
        let attested = self.facts.certificate.as_ref().is_some_and(|held| held.claims.flags.second_attested);
        self.unless(named && attested && self.every_field_by_name(), Deny::D319);
    }

    fn third_parties(&mut self, claims: &Claims) {
        if claims.flags.third_parties == ThirdParties::NoBasis {
            self.about(Deny::D318, self.fields_where(|_, known| known.third_party));
        }
    }

    fn minimum(&mut self) {
        for field in &self.facts.proposal.fields {
            match field.weighed {
                Err(deny) => self.raise(Denial::new(deny).fields([field.id.clone()])),
                Ok(_) if self.stricter(&field.id).is_some() && field.justification.is_none() => {
                    self.raise(Denial::new(Deny::D602).fields([field.id.clone()]));
                }
                Ok(warning) => self.warnings.extend(warning),
            }
        }
    }

    /// A stricter tier the parties gave a field in their agreement.
    fn stricter(&self, field: &FieldId) -> Option<StricterTier> {
        let proposal = &self.facts.proposal;
        let flow = self.facts.agreement.terms.as_ref()?.flow(proposal.sender, proposal.recipient?)?;
        flow.purposes.get(&proposal.purpose)?.get(field).copied().flatten()
    }

    fn handling(&mut self) {
        self.about(Deny::D604, self.fields_where(|_, known| known.category.as_str() == FUNDING));
        if self.facts.proposal.worker_anonymous {
            self.about(Deny::D605, self.fields_where(|_, known| known.category.as_str() == STAFF_IDENTITY));
        }
    }

    fn flow(&mut self) {
        let again = self.facts.open_referral && self.facts.proposal.course == Course::Begins;
        self.unless(!again, Deny::D608);
        self.found.extend(onward::denials(self.facts));
        self.unless(!self.facts.withdrawal_running, Deny::D707);
    }
}

#[cfg(test)]
mod tests;
