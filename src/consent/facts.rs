//! Gather what the rule looks at, as the hub has it now. Called in the transaction that acts on the judgement, so that a withdrawal
//! committed a moment ago counts.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    AgreementVersion, Availability, Course, Covering, Facts, MAX_CERTIFICATE, Member, Offer, Presented,
    error::ConsentError,
    onward::Parent,
    rule::{CitedAgreement, CitedCertificate, Proposal},
    store::{self, Registered},
    wanted::Wanted,
};
use crate::{
    agreements::{self, State, Terms},
    crypto::{Typ, peek_kid},
    directory,
    kernel::{Timestamp, id::AgreementId},
    members::{self, Organisation},
    policy::{Level, Policy, WorkingCalendar},
    storage::Db,
};

/// What rooms further on have counted.
#[derive(Clone, Debug)]
pub struct Counted {
    /// A referral of this person to this recipient for this service is open.
    pub open_referral: bool,
    /// Packets sent in this direction today.
    pub sent_today: u32,
    /// The referral that is continued, when it is known.
    pub parent: Option<Parent>,
}

/// Everything the rule looks at for what a packet proposes, at this moment.
pub fn gather(
    db: &mut Db<'_>,
    wanted: Wanted,
    at: Timestamp,
    counted: Counted,
    policy: &Policy,
) -> Result<Facts, ConsentError> {
    let proposal = wanted.on(policy);
    // Only of the recipient it matters which roles can open something.
    let both = [proposal.sender, proposal.recipient.unwrap_or(proposal.sender)];
    let (sender, recipient) = members::find_known_two(db, both)?;
    let sender = sender.map(|known| Member::of(&known, BTreeSet::new()));
    let recipient = match recipient.filter(|_| proposal.recipient.is_some()) {
        Some(known) => Some(reader(db, &known, at)?),
        None => None,
    };
    let agreement = covering(db, &proposal, at, counted.sent_today)?;
    let (certificate, withdrawal_running) = match proposal.certificate {
        Some(cited) => presented(db, (&proposal, counted.parent.as_ref()), cited, policy)?,
        None => (None, false),
    };
    Ok(Facts {
        at,
        offer: offer(db, &proposal, policy, at)?,
        sender,
        recipient,
        agreement,
        certificate,
        open_referral: counted.open_referral,
        withdrawal_running,
        parent: counted.parent,
        proposal,
    })
}

fn reader(db: &mut Db<'_>, known: &Organisation, at: Timestamp) -> Result<Member, ConsentError> {
    let roles = members::reader_roles(db, known.id, at)?;
    Ok(Member::of(known, roles.iter().filter_map(|role| role.parse().ok()).collect()))
}

/// What the directory says. Who the person is and where, it is not asked: nobody tells the hub.
fn offer(
    db: &mut Db<'_>,
    proposal: &Proposal,
    policy: &Policy,
    at: Timestamp,
) -> Result<Offer, ConsentError> {
    let found = match proposal.recipient.filter(|_| proposal.course == Course::Begins) {
        Some(recipient) => directory::offer(db, recipient, &proposal.service, policy, at)?,
        None => None,
    };
    let availability = found.map_or(Availability::Open, |offer| match offer.availability {
        directory::Availability::Open
        | directory::Availability::Assessment
        | directory::Availability::Unknown => Availability::Open,
        directory::Availability::Waitlist => Availability::Waitlist,
        directory::Availability::Full => Availability::Full,
    });
    Ok(Offer::told(found.is_some(), availability))
}

fn covering(
    db: &mut Db<'_>,
    proposal: &Proposal,
    at: Timestamp,
    sent_today: u32,
) -> Result<Covering, ConsentError> {
    let Some((CitedAgreement { id, version, .. }, recipient)) = proposal.agreement.zip(proposal.recipient)
    else {
        return Ok(Covering::none());
    };
    let found = agreements::cover(db, id, version)?;
    let forward = found.as_ref().is_some_and(|cover| cover.terms.flow(proposal.sender, recipient).is_some());
    // Whether only the other direction is covered is asked to name the right code.
    let reverse = !forward
        && !agreements::covers_direction(db, proposal.sender, recipient)?
        && agreements::covers_direction(db, recipient, proposal.sender)?;
    let Some(cover) = found else { return Ok(Covering { reverse, ..Covering::none() }) };
    let agreement = &cover.agreement;
    let current = match agreement.state {
        State::Superseded { by, .. } => by,
        State::Draft
        | State::Offered { .. }
        | State::Signed { .. }
        | State::InForce { .. }
        | State::Suspended { .. }
        | State::Terminated { .. }
        | State::Expired { .. } => agreement.version,
    };
    Ok(Covering {
        standing: agreement.standing(at),
        flow_stopped: agreement.is_stopped(proposal.sender, recipient),
        signed: agreement.is_signed() && agreements::signatures_stand(db, agreement)?,
        current_version: Some(current),
        terms: Some(cover.terms),
        reverse,
        sent_today,
    })
}

/// The certificate as the rule wants it, and whether a withdrawal of it is still under way. One that another organisation issued is
/// as unknown as one that nobody did, but for that of the referral that is continued.
fn presented(
    db: &mut Db<'_>,
    (proposal, parent): (&Proposal, Option<&Parent>),
    cited: CitedCertificate,
    policy: &Policy,
) -> Result<(Option<Presented>, bool), ConsentError> {
    let borrowed =
        parent.filter(|parent| parent.recipient == proposal.sender && parent.certificate == Some(cited.id));
    let issuer = match (proposal.course, borrowed) {
        (Course::Begins | Course::Continues, Some(parent)) => Some(parent.sender),
        (Course::Begins | Course::Continues, None) => Some(proposal.sender),
        (Course::Answers, _) => proposal.recipient,
    };
    let held = store::find_to_rest_on(db, cited.id)?.filter(|held| Some(held.issuer) == issuer);
    let Some(held) = held else { return Ok((None, false)) };
    let running = match held.withdrawal {
        Some(withdrawal) => store::withdrawal(db, withdrawal)?.closed.is_none(),
        None => false,
    };
    let Some(claims) = held.claims() else { return Ok((None, running)) };
    let names_most_sensitive = claims
        .permits()
        .flat_map(|line| &line.scope.fields)
        .any(|id| policy.field(id).is_some_and(crate::policy::Field::is_most_sensitive));
    let genuine = is_genuine(db, &held)?;
    let versions = claims.permits().filter_map(|line| line.agreement);
    let at_consent = at_consent(db, versions, proposal.agreement)?;
    let Registered { digest, status, denied, .. } = held;
    Ok((
        Some(Presented {
            claims: Arc::new(claims),
            digest,
            genuine,
            status,
            denied,
            names_most_sensitive,
            at_consent,
        }),
        running,
    ))
}

/// Whether the key that signed a certificate could sign when it was registered. That it could not is often known only later, when a key
/// turns out to have been stolen before.
fn is_genuine(db: &mut Db<'_>, held: &Registered) -> Result<bool, ConsentError> {
    let kid = held.token.as_deref().and_then(|token| peek_kid(token, Typ::Scope, MAX_CERTIFICATE).ok());
    let Some(kid) = kid else { return Ok(false) };
    Ok(members::find_key(db, &kid)?.is_some_and(|key| key.may_sign_at(held.since)))
}

/// The versions people agreed under, beside the one that is cited now.
fn at_consent(
    db: &mut Db<'_>,
    versions: impl Iterator<Item = AgreementVersion>,
    cited: Option<CitedAgreement>,
) -> Result<BTreeMap<AgreementVersion, Arc<Terms>>, ConsentError> {
    let is_cited =
        |id: AgreementId, version: u32| cited.is_some_and(|cited| cited.id == id && cited.version == version);
    let mut found = BTreeMap::new();
    for version in versions {
        if is_cited(version.id, version.version) || found.contains_key(&version) {
            continue;
        }
        if let Some(cover) = agreements::cover(db, version.id, version.version)? {
            found.insert(version, cover.terms);
        }
    }
    Ok(found)
}

impl Facts {
    /// Whether details of what became of it may go back to the sender: the agreement has the reverse flow for the purpose, and the
    /// person said yes to it.
    pub fn details_return(&self) -> bool {
        let proposal = &self.proposal;
        let Some(recipient) = proposal.recipient else { return false };
        let flows_back = self.agreement.terms.as_ref().is_some_and(|terms| {
            terms
                .flow(recipient, proposal.sender)
                .is_some_and(|flow| flow.purposes.contains_key(&proposal.purpose))
        });
        flows_back
            && self.certificate.as_ref().is_some_and(|held| {
                held.claims.lines.iter().any(|line| {
                    line.permits_feedback_from(recipient) && line.is_for(&proposal.purpose, &proposal.service)
                })
            })
    }

    /// When the recipient works.
    pub fn calendar(&self) -> Arc<WorkingCalendar> {
        self.recipient.as_ref().and_then(|recipient| recipient.calendar.clone()).unwrap_or_default()
    }

    /// Whether a missed appointment calls for a safety check: something most sensitive is in it.
    pub fn vulnerable(&self) -> bool {
        self.proposal
            .fields
            .iter()
            .filter_map(|field| field.known.as_ref())
            .any(|known| known.level == Level::S4)
    }
}
