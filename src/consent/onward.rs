//! Passing on: whether a packet may continue a referral that its sender received. A pure function over facts, part of the rule.
//!
//! What the person and both agreements must have said, and what was received, is looked at here; that the agreement between this
//! sender and this recipient carries the packet is looked at by the rest of the rule, as for any other packet.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    grant::{AgreementVersion, Asked, GrantLine},
    rule::{Course, Facts, Onwards, Presented, Proposal},
};
use crate::{
    agreements::{self, Keep, OnwardRule, Terms},
    kernel::id::{CertificateId, OrganisationId},
    policy::{Denial, Denials, Deny, FieldId, PurposeCode, Trigger},
};

/// Where the sender of a packet that passes something on has a field from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldSource {
    /// It was in the referral that is continued.
    Received,
    /// The sender found it out itself.
    Own,
}

/// The referral that a packet continues, as it stands now.
#[derive(Clone, Debug)]
pub struct Parent {
    /// Who sent it.
    pub sender: OrganisationId,
    /// Who received it, and may pass it on.
    pub recipient: OrganisationId,
    /// Whether nobody restricted or withdrew it.
    pub untouched: bool,
    /// Whether its recipient is serving the person. Asked when something begins to be passed on: what was passed on goes its own way.
    pub serving: bool,
    /// What it was sent for.
    pub purpose: PurposeCode,
    /// What the onward code of its packets means, of those that may be passed on when there are any.
    pub onward: OnwardRule,
    /// The shortest that the retention codes of those mean; nothing when none of them is.
    pub keep: Option<Keep>,
    /// The certificate it rests on.
    pub certificate: Option<CertificateId>,
    /// The agreement it was sent under first, then that of the referral it continues itself, and so on.
    pub links: Vec<Link>,
    /// The fields that were in those; nothing once nobody can say any more.
    pub received: Option<BTreeSet<FieldId>>,
}

/// An agreement under which something was sent that is passed on now.
#[derive(Clone, Debug)]
pub struct Link {
    /// The version that was cited.
    pub cited: Arc<Terms>,
    /// The newest version that took effect.
    pub newest: Arc<Terms>,
    /// Whether new packets may go under the newest version, in that direction.
    pub stands: bool,
}

impl Link {
    /// Neither version may be wider than the other: what was narrowed counts at once, what was widened later does not.
    fn versions(&self) -> [&Terms; 2] {
        [&self.cited, &self.newest]
    }

    fn lists(&self, recipient: OrganisationId) -> bool {
        self.versions().iter().all(|terms| lists(terms, recipient))
    }

    /// Whether something may be passed on this many times.
    fn reaches(&self, hops: usize) -> bool {
        self.versions().iter().all(|terms| usize::from(terms.document().onward.hops) >= hops)
    }
}

fn lists(terms: &Terms, recipient: OrganisationId) -> bool {
    terms.onward() == OnwardRule::Listed && terms.document().onward.organisations.contains(&recipient)
}

impl Parent {
    /// Whether a field can have been in it: by its manifest while somebody has it, by its agreement afterwards.
    fn held(&self, field: &FieldId) -> bool {
        match &self.received {
            Some(received) => received.contains(field),
            None => self.links.first().is_some_and(|link| {
                let flow = link.cited.flow(self.sender, self.recipient);
                flow.and_then(|flow| flow.purposes.get(&self.purpose))
                    .is_some_and(|items| items.contains_key(field))
            }),
        }
    }
}

/// Everything that stands against a packet because it continues another referral; nothing for one that does not.
pub(super) fn denials(facts: &Facts) -> Denials {
    let mut found = Denials::none();
    let proposal = &facts.proposal;
    if proposal.onwards == Onwards::No {
        return found;
    }
    let Some(parent) = received_by_sender(facts) else {
        // Whether it is unknown or another organisation's, the sender learns the same.
        found.raise(Denial::new(Deny::D706).subcode("parent"));
        return found;
    };
    let conditions = [
        ("answer", proposal.course != Course::Answers),
        ("not_in_service", parent.untouched && (parent.serving || proposal.course != Course::Begins)),
        ("purpose", parent.purpose == proposal.purpose),
        ("onward_code", parent.onward == OnwardRule::Listed),
        ("agreement", !parent.links.is_empty() && parent.links.iter().all(|link| link.stands)),
        ("not_listed", proposal.recipient.is_some_and(|to| parent.links.iter().all(|link| link.lists(to)))),
        ("hops", parent.links.iter().zip(1..).all(|(link, hops)| link.reaches(hops))),
        ("retention", no_longer(proposal.keep, parent.keep)),
    ];
    for (subcode, _) in conditions.into_iter().filter(|(_, holds)| !holds) {
        found.raise(Denial::new(Deny::D706).subcode(subcode));
    }
    found.extend(of_fields(proposal, parent));
    found
}

/// Each field was received or is the sender's own, and says which.
fn of_fields<'f>(proposal: &'f Proposal, parent: &'f Parent) -> impl Iterator<Item = Denial> + use<'f> {
    proposal.fields.iter().filter_map(|field| {
        let subcode = match field.source {
            Some(FieldSource::Own) => return None,
            Some(FieldSource::Received) if parent.held(&field.id) => return None,
            Some(FieldSource::Received) => "not_received",
            None => "no_source",
        };
        Some(Denial::new(Deny::D706).subcode(subcode).fields([field.id.clone()]))
    })
}

fn received_by_sender(facts: &Facts) -> Option<&Parent> {
    facts.parent.as_ref().filter(|parent| parent.recipient == facts.proposal.sender)
}

/// Whether a promise is no longer than another. One that runs from receipt always ends before one of the same length that runs from
/// the end of the purpose.
fn no_longer(one: Option<Keep>, other: Option<Keep>) -> bool {
    one.zip(other).is_some_and(|(one, other)| {
        let comparable = one.trigger == Trigger::Received || other.trigger == Trigger::PurposeFulfilled;
        comparable && one.days <= other.days
    })
}

/// The shorter of two promises; `None` when neither is sure to end first.
pub fn shorter(one: Option<Keep>, other: Option<Keep>) -> Option<Keep> {
    if no_longer(one, other) { one } else { other.filter(|_| no_longer(other, one)) }
}

impl Facts {
    /// The referral on whose consent the packet rests, when its sender asked the person for none of its own.
    pub fn borrowed_from(&self) -> Option<&Parent> {
        let cited = self.proposal.certificate?;
        received_by_sender(self)
            .filter(|parent| parent.certificate == Some(cited.id) && self.proposal.course != Course::Answers)
    }

    /// Whether a yes carries it: to disclose to its recipient; where it rests on the consent of the referral that it continues, that
    /// its sender may pass on to this recipient; and for an answer, that its sender may tell what became of it.
    pub(super) fn rests_on(&self, line: &GrantLine) -> bool {
        let Proposal { sender, recipient, course, .. } = &self.proposal;
        match course {
            Course::Answers => line.permits_feedback_from(*sender),
            Course::Begins | Course::Continues => recipient.is_some_and(|to| {
                if self.borrowed_from().is_some() {
                    line.permits_passing_on(*sender, to)
                } else {
                    line.permits_disclosure_to(to, None)
                }
            }),
        }
    }
}

/// The fields that no yes supports, because the agreement the person agreed under did not let them be passed on to this recipient, or
/// be kept so long; `None` when no yes supports anything.
pub(super) fn wider(
    facts: &Facts,
    parent: &Parent,
    held: &Presented,
    current: &[&GrantLine],
) -> Option<Vec<FieldId>> {
    let (proposal, to) = (&facts.proposal, facts.proposal.recipient?);
    let allowed: Vec<(&GrantLine, &Terms)> = current
        .iter()
        .filter_map(|line| Some((*line, at_consent(facts, parent, held, line.agreement?)?)))
        .filter(|(_, terms)| {
            let keeps = terms.retention(&proposal.purpose).zip(proposal.keep);
            lists(terms, to) && keeps.is_some_and(|(agreed, keep)| agreed.covers(keep))
        })
        .collect();
    if allowed.is_empty() {
        return None;
    }
    let listed = |terms: &Terms, field: &FieldId| {
        let flow = terms.flow(parent.sender, parent.recipient);
        let items = flow.and_then(|flow| flow.purposes.get(&proposal.purpose));
        items.is_some_and(|items| items.contains_key(field))
    };
    let unsupported =
        proposal.fields.iter().filter_map(|field| Some((&field.id, field.known.as_ref()?))).filter(
            |(field, known)| {
                let asked = Asked { field, category: &known.category, level: known.level };
                !allowed.iter().any(|(line, terms)| {
                    line.reaches(asked)
                        && !line.excludes(field)
                        && listed(terms, field)
                        && agreements::opens(terms, field, &known.category, known.level)
                })
            },
        );
    Some(unsupported.map(|(field, _)| field.clone()).collect())
}

/// What an agreement said when the person agreed under it. What an unknown version said cannot be relied on.
fn at_consent<'f>(
    facts: &'f Facts,
    parent: &'f Parent,
    held: &'f Presented,
    version: AgreementVersion,
) -> Option<&'f Terms> {
    let of_links = parent.links.first().into_iter().flat_map(Link::versions);
    let known = of_links.chain(facts.agreement.terms.as_deref());
    let is_it = |terms: &&Terms| (terms.id(), terms.version()) == (version.id, version.version);
    held.at_consent.get(&version).map(Arc::as_ref).or_else(|| known.into_iter().find(is_it))
}

#[cfg(test)]
mod tests;
