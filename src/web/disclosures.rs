//! What was disclosed about a person: for those who answer for data protection. Whom they ask about comes in the body of a form, stands in
//! no address, and is not shown again.

use std::collections::{BTreeSet, HashMap};

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    form::{Form, Wrongs},
    frame::{Frame, Place, page},
    trays::short,
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::Permission,
    http::Problem,
    kernel::{
        Fault,
        id::{OrganisationId, ReferralId, SubjectToken},
    },
    members::{self, MemberError, Name},
    packets::Disclosed,
    policy::Policy,
    referrals::{self, ReferralError, Stated},
};

#[derive(Template)]
#[template(path = "disclosures.html")]
struct AskPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    about: String,
}

struct To {
    who: String,
    delivered: String,
}

/// One disclosure.
struct Row {
    when: String,
    from: String,
    to: Vec<To>,
    kind: String,
    referral: String,
    address: String,
    service: String,
    purpose: String,
    mode: String,
    consent: String,
    agreement: String,
    agreement_word: String,
    purged: String,
    untold: bool,
}

#[derive(Template)]
#[template(path = "disclosures-stated.html")]
struct StatedPage {
    f: Frame,
    w: Words,
    made: String,
    node: String,
    rows: Vec<Row>,
    more: bool,
    token: String,
}

/// About whom.
#[derive(Clone, Copy)]
enum About {
    /// The person behind a pseudonym.
    Subject(SubjectToken),
    /// The person a referral is about.
    Referral(ReferralId),
}

impl About {
    fn read(text: &str) -> Option<Self> {
        let subject = text.parse().ok().map(Self::Subject);
        subject.or_else(|| text.parse().ok().map(Self::Referral))
    }
}

/// The form.
pub(super) async fn ask(Signed(visit): Signed) -> Result<HttpResponse, Problem> {
    visit.asking.caller.actor.may(Permission::ReadDisclosures).map_err(MemberError::from)?;
    ask_page(&visit, (Wrongs::default(), String::new()), StatusCode::OK)
}

fn ask_page(
    visit: &Visit,
    (wrongs, about): (Wrongs, String),
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let frame = visit.frame(Place::Disclosures, words.t("disclosures-title"));
    let f = if wrongs.is_empty() { frame } else { frame.with_error() };
    page(status, &AskPage { f, w: words, wrongs, about })
}

/// The statement: made, signed and noted in the log each time it is asked for.
pub(super) async fn state(Signed(visit): Signed, form: Form) -> Result<HttpResponse, Problem> {
    let (words, asked) = (visit.words, form.one("about").to_owned());
    let mut wrongs = Wrongs::default();
    let Some(about) = About::read(&asked) else {
        wrongs.note("about", words.t("disclosures-not-an-id"));
        return ask_page(&visit, (wrongs, asked), StatusCode::UNPROCESSABLE_ENTITY);
    };
    let stated = visit
        .asking
        .hub
        .write("referrals.disclosures", &visit.asking.caller, move |tx| {
            let actor = tx.actor();
            let subject = match about {
                About::Subject(subject) => subject,
                About::Referral(referral) => referrals::subject_of(tx.db(), actor, referral)?,
            };
            let stated = referrals::disclosures(tx, subject)?;
            let names = members::names_of(tx.db(), &concerned(&stated))?;
            Ok::<_, ReferralError>((stated, names))
        })
        .await
        .map_err(Problem::from);
    match stated {
        Ok((stated, names)) => stated_page(&visit, stated, &names),
        Err(problem) if problem.code().fault() == Fault::NotFound => {
            wrongs.note("about", words.t("disclosures-not-there"));
            ask_page(&visit, (wrongs, asked), problem.status())
        }
        Err(problem) => Err(problem),
    }
}

/// The organisations that a statement names.
fn concerned(stated: &Stated) -> Vec<OrganisationId> {
    let disclosed = stated.disclosures.disclosed.iter();
    let all: BTreeSet<OrganisationId> =
        disclosed.flat_map(|one| one.to.iter().map(|to| to.organisation).chain([one.from])).collect();
    all.into_iter().collect()
}

fn stated_page(
    visit: &Visit,
    stated: Stated,
    names: &HashMap<OrganisationId, Name>,
) -> Result<HttpResponse, Problem> {
    let (words, policy) = (visit.words, visit.asking.hub.policy());
    let Stated { disclosures, token } = stated;
    let shown = StatedPage {
        f: visit.frame(Place::Disclosures, words.t("disclosures-stated")),
        w: words,
        made: words.moment(disclosures.at),
        rows: disclosures.disclosed.iter().map(|one| row(one, (&policy, names), words)).collect(),
        node: disclosures.iss,
        more: disclosures.more,
        token,
    };
    page(StatusCode::OK, &shown)
}

fn row(one: &Disclosed, (policy, names): (&Policy, &HashMap<OrganisationId, Name>), words: Words) -> Row {
    let name = |id: OrganisationId| names.get(&id).map_or_else(|| id.to_string(), ToString::to_string);
    let service = policy.service(&one.service).map_or("", |service| service.label.as_str());
    let purpose = policy.purpose(&one.purpose).map_or("", |purpose| purpose.label.as_str());
    let to = one.to.iter().map(|to| To {
        who: name(to.organisation),
        delivered: to.delivered.map_or_else(
            || words.t("disclosures-not-fetched"),
            |at| words.with("disclosures-fetched", "moment", words.moment(at)),
        ),
    });
    Row {
        when: words.moment(one.received),
        from: name(one.from),
        to: to.collect(),
        kind: words.word("disclosures-kind", one.kind.name()),
        referral: short(one.referral),
        address: format!("/referrals/{}", one.referral),
        service: words.code(one.service.as_str(), service),
        purpose: words.code(one.purpose.as_str(), purpose),
        mode: words.word("disclosures-mode", one.mode.as_str()),
        consent: one.consent.as_ref().map(|consent| consent.id.to_string()).unwrap_or_default(),
        agreement: format!("/agreements/{}/{}", one.agreement.id, one.agreement.ver),
        agreement_word: format!("{} · {}", one.agreement.id, one.agreement.ver),
        purged: one.purged.map(|at| words.moment(at)).unwrap_or_default(),
        untold: one.untold,
    }
}
