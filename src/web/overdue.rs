//! What is past its time: in an organisation for its administrator, by what it is; on the node for coordinators, as a list of referrals.

use std::collections::{BTreeSet, HashMap};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    duties,
    form::Form,
    frame::{Frame, Place, page},
    review::due_since,
    service::Tag,
    trays::{self, late, short},
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::{Actor, Permission, Role},
    agreements::{self, AgreementError, AgreementView},
    consent::{self, ConsentError, WithdrawalView},
    custody::{self, CustodyError},
    directory::{self, DirectoryError, Service},
    http::Problem,
    kernel::{
        Code, Coded, Timestamp,
        id::{OrganisationId, StaffId},
        page::{Asked, Cursor, Page},
    },
    members::{self, KeyRecord, KeyUse, MemberError, Name},
    policy::Policy,
    referrals::{
        self, About, CorrectionView, DestructionView, DueView, ReferralError, ReferralView, Side, TimerKind,
    },
    storage::{Db, StorageError},
};

/// How many of a list stand on the page of all of them, and on a page of its own.
const FIRST: u16 = 20;
const PER_PAGE: u16 = 50;

/// A list that something is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Received,
    Sent,
    Corrections,
    Destructions,
    Withdrawals,
    Entries,
    Agreements,
    Keys,
}

impl List {
    const ALL: [Self; 8] = [
        Self::Received,
        Self::Sent,
        Self::Corrections,
        Self::Destructions,
        Self::Withdrawals,
        Self::Entries,
        Self::Agreements,
        Self::Keys,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Sent => "sent",
            Self::Corrections => "corrections",
            Self::Destructions => "destructions",
            Self::Withdrawals => "withdrawals",
            Self::Entries => "entries",
            Self::Agreements => "agreements",
            Self::Keys => "keys",
        }
    }

    /// The address of a page of it.
    fn address(self, after: Option<&Cursor>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("list", self.name());
        if let Some(after) = after {
            query.append_pair("after", &after.to_string());
        }
        format!("/overdue?{}", query.finish())
    }
}

/// In which order sections stand.
const ORDER: [&str; 10] = [
    "unanswered",
    "information",
    "owed",
    "sent",
    "close",
    "corrections",
    "destroy",
    "entries",
    "agreements",
    "keys",
];

struct Row {
    section: &'static str,
    /// Where it is mended; empty where that is no page.
    address: String,
    title: String,
    facts: Vec<String>,
    tag: Tag,
}

struct Section {
    heading: String,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "overdue.html")]
struct OverduePage {
    f: Frame,
    w: Words,
    /// What leads back to all lists, where this is one of them.
    all: Option<String>,
    sections: Vec<Section>,
    more: Vec<(String, String)>,
}

/// Why the lists cannot be shown.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Referral(#[from] ReferralError),
    #[error(transparent)]
    Consent(#[from] ConsentError),
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error(transparent)]
    Agreement(#[from] AgreementError),
    #[error(transparent)]
    Member(#[from] MemberError),
    #[error(transparent)]
    Custody(#[from] CustodyError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Coded for Refused {
    fn code(&self) -> Code {
        match self {
            Self::Referral(error) => error.code(),
            Self::Consent(error) => error.code(),
            Self::Directory(error) => error.code(),
            Self::Agreement(error) => error.code(),
            Self::Member(error) => error.code(),
            Self::Custody(error) => error.code(),
            Self::Storage(error) => error.code(),
        }
    }
}

/// What is past its time, for whoever asks.
pub(super) async fn list(Signed(visit): Signed, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let form = Form::of_query(request.query_string());
    match visit.asking.caller.actor.organisation() {
        Some(own) => of_organisation(&visit, &form, own).await,
        None => trays::overdue(Signed(visit), form).await,
    }
}

async fn of_organisation(visit: &Visit, form: &Form, own: OrganisationId) -> Result<HttpResponse, Problem> {
    let (words, hub) = (visit.words, &visit.asking.hub);
    let (actor, now, policy) = (visit.asking.caller.actor.clone(), hub.now(), hub.policy());
    actor.may(Permission::ManageStaff).map_err(MemberError::from)?;
    let one = List::ALL.into_iter().find(|list| form.says("list", list.name()));
    let after = form.after();
    let (found, known) = hub
        .read(move |db| {
            let asked = match one {
                Some(_) => Asked::new(Some(PER_PAGE), after),
                None => Asked::new(Some(FIRST), None),
            };
            let lists = List::ALL.into_iter().filter(|list| one.is_none_or(|one| one == *list));
            let found = lists
                .map(|list| Ok((list, Found::of(db, &actor, list, (&asked, now))?)))
                .collect::<Result<Vec<_>, Refused>>()?;
            let known = Known::of(db, &actor, &found)?;
            Ok::<_, Refused>((found, known))
        })
        .await?;
    let told = Told { words, policy: &policy, known: &known, own, now };
    let rows = found.iter().flat_map(|(_, found)| found.rows(told));
    let next = found.iter().filter_map(|(list, found)| {
        let next = found.next()?;
        Some(match one {
            Some(_) => (list.address(Some(next)), words.t("tray-next")),
            None => (list.address(None), words.word("overdue-all", list.name())),
        })
    });
    let shown = OverduePage {
        f: visit.frame(Place::Overdue, words.t("tray-overdue")),
        w: words,
        all: one.map(|_list| words.t("overdue-back")),
        sections: sections(rows, words),
        more: next.collect(),
    };
    page(StatusCode::OK, &shown)
}

/// Rows under their headings.
fn sections(rows: impl Iterator<Item = Row>, words: Words) -> Vec<Section> {
    let mut sections: Vec<(&'static str, Section)> = Vec::new();
    for row in rows {
        if let Some((_, section)) = sections.iter_mut().find(|(known, _)| *known == row.section) {
            section.rows.push(row);
        } else {
            let heading = words.word("overdue-of", row.section);
            sections.push((row.section, Section { heading, rows: vec![row] }));
        }
    }
    sections.sort_by_key(|(key, _)| ORDER.iter().position(|known| known == key));
    sections.into_iter().map(|(_, section)| section).collect()
}

/// A page of a list.
enum Found {
    Referrals(Side, Page<ReferralView>),
    Corrections(Page<CorrectionView>),
    Destructions(Page<DestructionView>),
    Withdrawals(Page<WithdrawalView>),
    Entries(Page<Service>),
    Agreements(Page<AgreementView>),
    Keys(Page<KeyRecord>),
}

impl Found {
    fn of(
        db: &mut Db<'_>,
        actor: &Actor,
        list: List,
        (asked, now): (&Asked, Timestamp),
    ) -> Result<Self, Refused> {
        Ok(match list {
            List::Received => {
                let side = Side::Recipient;
                Self::Referrals(side, referrals::late_referrals(db, actor, side, asked)?)
            }
            List::Sent => {
                let side = Side::Sender;
                Self::Referrals(side, referrals::late_referrals(db, actor, side, asked)?)
            }
            List::Corrections => Self::Corrections(referrals::late_corrections(db, actor, asked, now)?),
            List::Destructions => Self::Destructions(referrals::late_destructions(db, actor, asked, now)?),
            List::Withdrawals => Self::Withdrawals(consent::late_withdrawals(db, actor, asked, now)?),
            List::Entries => Self::Entries(directory::due(db, actor, asked, now)?),
            List::Agreements => Self::Agreements(agreements::ending(db, actor, asked, now)?),
            List::Keys => Self::Keys(members::ending_keys(db, actor, asked, now)?),
        })
    }

    const fn next(&self) -> Option<&Cursor> {
        match self {
            Self::Referrals(_, page) => page.next.as_ref(),
            Self::Corrections(page) => page.next.as_ref(),
            Self::Destructions(page) => page.next.as_ref(),
            Self::Withdrawals(page) => page.next.as_ref(),
            Self::Entries(page) => page.next.as_ref(),
            Self::Agreements(page) => page.next.as_ref(),
            Self::Keys(page) => page.next.as_ref(),
        }
    }

    /// The organisations that are named.
    fn parties(&self) -> Vec<OrganisationId> {
        match self {
            Self::Referrals(_, page) => {
                page.items.iter().flat_map(|one| [one.sender, one.recipient]).collect()
            }
            Self::Destructions(page) => {
                page.items.iter().flat_map(|one| [one.sender, one.recipient]).collect()
            }
            Self::Withdrawals(page) => {
                let holders = page.items.iter().flat_map(|one| &one.holders);
                holders.map(|holder| holder.organisation).collect()
            }
            Self::Agreements(page) => page.items.iter().flat_map(|one| one.parties.clone()).collect(),
            Self::Corrections(_) | Self::Entries(_) | Self::Keys(_) => Vec::new(),
        }
    }

    fn rows(&self, told: Told<'_>) -> Vec<Row> {
        match self {
            Self::Referrals(side, page) => {
                page.items.iter().filter_map(|one| told.referral(one, *side)).collect()
            }
            Self::Corrections(page) => page.items.iter().map(|one| told.correction(one)).collect(),
            Self::Destructions(page) => page.items.iter().map(|one| told.destruction(one)).collect(),
            Self::Withdrawals(page) => page.items.iter().map(|one| told.withdrawal(one)).collect(),
            Self::Entries(page) => page.items.iter().map(|one| told.entry(one)).collect(),
            Self::Agreements(page) => page.items.iter().map(|one| told.agreement(one)).collect(),
            Self::Keys(page) => page.items.iter().filter_map(|one| told.key(one)).collect(),
        }
    }
}

/// What is known of those who are named, and of the keys.
struct Known {
    parties: HashMap<OrganisationId, Name>,
    staff: HashMap<StaffId, Name>,
    owners: HashMap<String, Option<StaffId>>,
}

impl Known {
    fn of(db: &mut Db<'_>, actor: &Actor, found: &[(List, Found)]) -> Result<Self, Refused> {
        let parties: BTreeSet<OrganisationId> = found.iter().flat_map(|(_, found)| found.parties()).collect();
        let (mut staff, mut owners) = (BTreeSet::new(), HashMap::new());
        for (_, found) in found {
            match found {
                Found::Referrals(_, page) => staff.extend(page.items.iter().filter_map(|one| one.assignee)),
                Found::Keys(page) => {
                    let kids: Vec<_> = page.items.iter().map(|key| key.jwk.kid()).collect();
                    owners = custody::owners(db, actor, &kids)?;
                    staff.extend(owners.values().copied().flatten());
                }
                Found::Corrections(_)
                | Found::Destructions(_)
                | Found::Withdrawals(_)
                | Found::Entries(_)
                | Found::Agreements(_) => {}
            }
        }
        Ok(Self {
            parties: members::names_of(db, &parties.into_iter().collect::<Vec<_>>())?,
            staff: members::names_of_staff(db, actor, &staff.into_iter().collect::<Vec<_>>())?,
            owners,
        })
    }
}

/// What rows are made with.
#[derive(Clone, Copy)]
struct Told<'a> {
    words: Words,
    policy: &'a Policy,
    known: &'a Known,
    own: OrganisationId,
    now: Timestamp,
}

impl Told<'_> {
    fn name(self, id: OrganisationId) -> String {
        self.known.parties.get(&id).map_or_else(|| id.to_string(), ToString::to_string)
    }

    /// Who has it: somebody of the own organisation, or another one.
    fn with(self, who: impl std::fmt::Display) -> String {
        self.words.with("overdue-with", "who", who.to_string())
    }

    fn with_role(self, role: Role) -> String {
        self.with(self.words.word("role", role.name()))
    }

    fn since(self, at: Timestamp) -> String {
        self.words.with("overdue-since", "moment", self.words.moment(at))
    }

    /// A referral by what of it is overdue longest; what the own organisation can mend comes first.
    fn referral(self, one: &ReferralView, side: Side) -> Option<Row> {
        let holds = |due: &&DueView| held_by(due.what) == side;
        let overdue = one.due.iter().filter(|due| due.overdue_since.is_some());
        let due = overdue.min_by_key(|due| (!holds(due), due.overdue_since))?;
        let other = if side == Side::Sender { one.recipient } else { one.sender };
        let colleague = one.assignee.and_then(|staff| self.known.staff.get(&staff));
        let with = match side {
            _ if !holds(&due) => self.with(self.name(other)),
            Side::Recipient => colleague.map_or_else(|| self.with_role(Role::Intake), |name| self.with(name)),
            Side::Sender => self.with_role(Role::CaseWorker),
        };
        Some(Row {
            section: section(due.what, side),
            address: format!("/referrals/{}", one.id),
            title: trays::service(one, self.policy, self.words),
            facts: vec![
                self.name(other),
                short(one.id),
                self.words.word("due", due.what.name()),
                self.since(due.due),
                with,
            ],
            tag: late(due.due, self.words, self.now),
        })
    }

    fn correction(self, one: &CorrectionView) -> Row {
        Row {
            section: "corrections",
            address: format!("/referrals/{}#corrections", one.referral),
            title: self.words.t("correction-something"),
            facts: vec![
                short(one.referral),
                self.since(one.answer_by),
                self.with_role(Role::CaseWorker),
                self.with_role(Role::Intake),
                self.with_role(Role::DataProtection),
            ],
            tag: late(one.answer_by, self.words, self.now),
        }
    }

    fn destruction(self, one: &DestructionView) -> Row {
        let is_own = one.recipient == self.own;
        let other = if is_own { one.sender } else { one.recipient };
        let with = if is_own { self.with_role(Role::Intake) } else { self.with(self.name(other)) };
        let answered = duties::address(About::Referral(one.referral));
        Row {
            section: "destroy",
            address: if is_own { answered } else { format!("/referrals/{}", one.referral) },
            title: self.words.t("overdue-destruction"),
            facts: vec![self.name(other), short(one.referral), self.since(one.duty.answer_by), with],
            tag: late(one.duty.answer_by, self.words, self.now),
        }
    }

    /// A consent that was taken back. What others answer to it has no page here.
    fn withdrawal(self, one: &WithdrawalView) -> Row {
        let late_ones = || one.holders.iter().filter(|holder| holder.duty.overdue);
        let due = late_ones().map(|holder| holder.duty.answer_by).min().unwrap_or(one.withdrawn);
        let is_own = late_ones().any(|holder| holder.organisation == self.own);
        let answered = duties::address(About::Withdrawal(one.id));
        let mut facts = vec![one.id.to_string(), self.since(due)];
        facts.extend(late_ones().map(|holder| {
            if holder.organisation == self.own {
                self.with_role(Role::DataProtection)
            } else {
                self.with(self.name(holder.organisation))
            }
        }));
        Row {
            section: "destroy",
            address: if is_own { answered } else { String::new() },
            title: self.words.t("overdue-withdrawal"),
            facts,
            tag: late(due, self.words, self.now),
        }
    }

    /// What nobody ever checked is late by no day.
    fn entry(self, one: &Service) -> Row {
        let due = one.upkeep.verified_at.and(one.upkeep.verify_by);
        let tag = due.map_or_else(
            || Tag { tone: "warn", word: self.words.t("review-unverified") },
            |due| late(due, self.words, self.now),
        );
        Row {
            section: "entries",
            address: format!("/services/{}/edit", one.id),
            title: one.name.clone(),
            facts: vec![
                due_since(one, self.words),
                self.with_role(Role::Intake),
                self.with_role(Role::Administrator),
            ],
            tag,
        }
    }

    fn agreement(self, one: &AgreementView) -> Row {
        let others = one.parties.iter().filter(|party| **party != self.own);
        let others: Vec<String> = others.map(|party| self.name(*party)).collect();
        Row {
            section: "agreements",
            address: format!("/agreements/{}/{}", one.id, one.version),
            title: self.words.list(others),
            facts: vec![
                self.words.with("agreements-version", "version", i64::from(one.version)),
                self.ending(one.valid_until),
                self.with_role(Role::Administrator),
            ],
            tag: self.end_tag(one.valid_until),
        }
    }

    /// A key; nothing of one on a device that was given up, which is revoked and not renewed.
    fn key(self, one: &KeyRecord) -> Option<Row> {
        let owner = self.known.owners.get(&one.jwk.kid().to_string());
        let with = match owner {
            Some(None) => return None,
            Some(Some(staff)) => match self.known.staff.get(staff) {
                Some(name) => self.with(name),
                None => self.with_role(Role::Administrator),
            },
            None => self.with_role(Role::Administrator),
        };
        let title = match one.r#use {
            KeyUse::Sign => self.words.t("overdue-key-sign"),
            KeyUse::Encrypt if one.role == members::MEMBER_ROLE => self.words.t("overdue-key-member"),
            KeyUse::Encrypt => self.words.with("overdue-key-readers", "role", &one.role),
        };
        Some(Row {
            section: "keys",
            address: String::from("/key/people"),
            title,
            facts: vec![self.ending(one.until), with],
            tag: self.end_tag(one.until),
        })
    }

    fn ending(self, until: Timestamp) -> String {
        let key = if until <= self.now { "overdue-ended" } else { "overdue-ends" };
        self.words.with(key, "day", self.words.day(until))
    }

    fn end_tag(self, until: Timestamp) -> Tag {
        if until <= self.now {
            return late(until, self.words, self.now);
        }
        Tag { tone: "warn", word: self.words.t("overdue-soon") }
    }
}

/// Which side can mend it that a clock has run out.
const fn held_by(what: TimerKind) -> Side {
    match what {
        TimerKind::Answer | TimerKind::LoopClose => Side::Sender,
        TimerKind::Delivery
        | TimerKind::Acknowledge
        | TimerKind::Decide
        | TimerKind::Expiry
        | TimerKind::Service
        | TimerKind::Progress
        | TimerKind::Outcome
        | TimerKind::CancelAnswer
        | TimerKind::WaitlistReview
        | TimerKind::Resume => Side::Recipient,
    }
}

/// Under which heading it stands.
const fn section(what: TimerKind, side: Side) -> &'static str {
    match (what, side) {
        (
            TimerKind::Delivery | TimerKind::Acknowledge | TimerKind::Decide | TimerKind::Expiry,
            Side::Recipient,
        ) => "unanswered",
        (
            TimerKind::Delivery | TimerKind::Acknowledge | TimerKind::Decide | TimerKind::Expiry,
            Side::Sender,
        ) => "sent",
        (TimerKind::Answer, _) => "information",
        (TimerKind::LoopClose, _) => "close",
        (
            TimerKind::Service
            | TimerKind::Progress
            | TimerKind::Outcome
            | TimerKind::CancelAnswer
            | TimerKind::WaitlistReview
            | TimerKind::Resume,
            _,
        ) => "owed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::words::Language;

    #[test]
    fn whatever_is_overdue_has_a_place_and_words_in_every_language() {
        for language in Language::ALL {
            let words = Words { language };
            for name in ORDER {
                assert!(!words.word("overdue-of", name).starts_with("overdue"), "{}", language.tag());
            }
            for list in List::ALL {
                assert!(!words.word("overdue-all", list.name()).starts_with("overdue"), "{}", language.tag());
            }
        }
        for what in TimerKind::ALL {
            for side in [Side::Recipient, Side::Sender] {
                assert!(ORDER.contains(&section(*what, side)), "{what:?}");
            }
        }
    }

    #[test]
    fn a_question_is_for_the_sender_to_answer_and_a_referral_for_the_recipient() {
        assert_eq!(held_by(TimerKind::Answer), Side::Sender);
        assert_eq!(section(TimerKind::Answer, Side::Recipient), "information");
        assert_eq!(held_by(TimerKind::Decide), Side::Recipient);
        assert_eq!(
            [Side::Recipient, Side::Sender].map(|side| section(TimerKind::Decide, side)),
            ["unanswered", "sent"]
        );
    }
}
