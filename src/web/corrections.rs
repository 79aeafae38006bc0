//! What the person asked to have put right, on the page of a referral: what each side answered, and a plain form for the side that can.

use actix_web::{HttpResponse, web::Path};

use super::{
    find::Choice,
    form::Form,
    service::Tag,
    sign_in::see,
    trays::{Waiting, short},
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::{Actor, Tx},
    http::Problem,
    kernel::{
        Timestamp,
        id::{CorrectionId, OrganisationId, ReferralId},
    },
    referrals::{self, CorrectionAnswer, CorrectionKind, CorrectionView, ReferralError, ReferralView},
    storage::Db,
};

/// How many that wait for an answer stand above a list.
const MOST_WAITING: u16 = 50;

/// What waits for an answer of somebody's organisation, when they can give it; for whoever oversees the node, what is late.
pub(super) fn waiting(
    db: &mut Db<'_>,
    actor: &Actor,
    now: Timestamp,
) -> Result<Vec<CorrectionView>, ReferralError> {
    let is_of_the_node = actor.organisation().is_none();
    if !is_of_the_node && !referrals::may_answer(actor) {
        return Ok(Vec::new());
    }
    referrals::pressing_corrections(db, actor, MOST_WAITING, now)
}

/// As it stands above a list.
pub(super) fn shown_waiting(row: &CorrectionView, words: Words) -> Waiting {
    Waiting {
        address: format!("/referrals/{}#corrections", row.referral),
        title: kinds(&[row], words),
        short: short(row.referral),
        tag: tag(&[row], words),
    }
}

/// Something that the person asked for.
pub(super) struct Wish {
    /// Where the answer goes.
    pub(super) address: String,
    /// Which kinds of thing are wrong.
    pub(super) kinds: String,
    pub(super) since: String,
    pub(super) tag: Tag,
    /// Whether somebody has not answered.
    pub(super) is_open: bool,
    /// Who must answer, and what they say.
    pub(super) answers: Vec<(String, String)>,
    /// What the organisation of whoever reads this can answer.
    pub(super) choices: Vec<Choice>,
}

/// What the person asked, the newest first.
pub(super) fn wishes(
    visit: &Visit,
    referral: &ReferralView,
    name: &impl Fn(OrganisationId) -> String,
) -> Vec<Wish> {
    let mut ids: Vec<CorrectionId> = referral.corrections.iter().map(|row| row.id).collect();
    ids.dedup();
    let rows = |id| referral.corrections.iter().filter(move |row| row.id == id);
    ids.into_iter().filter_map(|id| wish(visit, &rows(id).collect::<Vec<_>>(), name)).collect()
}

/// One wish, with a row for each organisation that must answer.
fn wish(visit: &Visit, rows: &[&CorrectionView], name: &impl Fn(OrganisationId) -> String) -> Option<Wish> {
    let (words, first) = (visit.words, *rows.first()?);
    let answers = rows.iter().map(|row| {
        let said = row.answer.map_or("nothing", CorrectionAnswer::name);
        (name(row.organisation), words.word("correction-says", said))
    });
    Some(Wish {
        address: format!("/referrals/{}/corrections/{}", first.referral, first.id),
        kinds: kinds(rows, words),
        since: words.with("correction-since", "moment", words.moment(first.asked)),
        tag: tag(rows, words),
        is_open: rows.iter().any(|row| row.answer.is_none()),
        answers: answers.collect(),
        choices: choices(visit, rows),
    })
}

/// Whoever oversees the node is not told the kinds.
fn kinds(rows: &[&CorrectionView], words: Words) -> String {
    let wrong =
        CorrectionKind::ALL.into_iter().filter(|kind| rows.iter().any(|row| row.kinds.contains(kind)));
    let wrong: Vec<String> = wrong.map(|kind| words.word("correction-kind", kind.name())).collect();
    if wrong.is_empty() { words.t("correction-something") } else { words.list(wrong) }
}

fn tag(rows: &[&CorrectionView], words: Words) -> Tag {
    let open = rows.iter().filter(|row| row.answer.is_none()).min_by_key(|row| row.answer_by);
    let (tone, word) = match open {
        Some(row) if row.overdue => {
            ("bad", words.with("correction-late", "moment", words.moment(row.answer_by)))
        }
        Some(row) => ("warn", words.with("correction-by", "moment", words.moment(row.answer_by))),
        None => ("", words.t("correction-answered")),
    };
    Tag { tone, word }
}

fn choices(visit: &Visit, rows: &[&CorrectionView]) -> Vec<Choice> {
    let actor = &visit.asking.caller.actor;
    let own = rows.iter().find(|row| actor.organisation() == Some(row.organisation));
    let Some(own) = own.filter(|_row| referrals::may_answer(actor)) else { return Vec::new() };
    let can = |said: &CorrectionAnswer| own.answer.is_none_or(|before| said.may_follow(before));
    let choice = |said: CorrectionAnswer| Choice {
        value: said.name().to_owned(),
        word: visit.words.word("correction-says", said.name()),
        chosen: false,
    };
    CorrectionAnswer::ALL.into_iter().filter(can).map(choice).collect()
}

/// Takes what an organisation answers, and leads back to the referral.
pub(super) async fn answer(
    Signed(visit): Signed,
    path: Path<(ReferralId, CorrectionId)>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let (referral, id) = path.into_inner();
    if let Some(said) = CorrectionAnswer::named(form.one("answer")) {
        let answering = move |tx: &mut Tx<'_>| referrals::answer_correction(tx, id, said);
        visit.asking.hub.write("referrals.answer_correction", &visit.asking.caller, answering).await?;
    }
    Ok(see(&format!("/referrals/{referral}#corrections")))
}
