//! What can be done with a referral where it stands, as forms. The table of moves decides; this leaves out what it would refuse.

use fluent_bundle::FluentArgs;
use serde::Serialize;
use serde_json::json as value;

use super::{Named, can_be_cancelled, undecided};
use crate::{
    kernel::{
        Timestamp,
        id::{NeedId, PacketId, ReferralId, StaffId},
    },
    policy::{Policy, Reason, ReasonCode, ReasonSet, Requirement},
    referrals::{
        By, LoopName, Move, NextStep, Number, ReferralView, Report, Seen, StateName, TimerKind, Told,
    },
    web::words::Words,
};

/// A move that somebody can make now.
pub(super) struct Answer {
    pub(super) name: &'static str,
    pub(super) number: Number,
    pub(super) by: By,
    /// What its button says.
    pub(super) button: String,
    /// How its button looks.
    pub(super) tone: &'static str,
    pub(super) help: String,
    pub(super) inputs: Vec<Input>,
    /// What may have to be done first: where, and in which words.
    pub(super) first: Option<(String, String)>,
    /// Whether a restriction stands in its way.
    uses_data: bool,
}

/// What has to be said with it. `fact` is where it stands in the event, member by member.
pub(super) enum Input {
    /// The id of whoever does it, which says nothing outside.
    Own { fact: &'static str },
    /// One of several. With `when` only while that code is chosen.
    Choice { fact: &'static str, label: String, options: Vec<Pick>, when: &'static str },
    /// A day.
    Day { fact: &'static str, label: String },
    /// A moment; one that may be left out is not asked for in the name of the rules.
    Moment { fact: &'static str, label: String, optional: bool },
    /// How often something was done.
    Count { fact: &'static str, label: String, when: &'static str },
    /// Services of the directory: these at hand, and others that are searched for.
    Services { fact: &'static str, options: Vec<(String, String)> },
    /// Kinds of service that are still needed: some, where a code is named under `when`, otherwise any or none.
    Needs { fact: &'static str, label: String, options: Vec<(String, String)>, when: &'static str },
    /// A few words, which travel sealed in a packet of their own; the event names it.
    Words { fact: &'static str, label: String, when: &'static str, hidden: bool },
}

/// Something to choose.
pub(super) struct Pick {
    /// What is sent, as JSON.
    pub(super) value: String,
    /// By what the rest of the form knows it.
    pub(super) code: String,
    pub(super) word: String,
    /// The row of the table, where it is another one than the form's.
    pub(super) number: Option<Number>,
    /// Facts that go with it, as JSON; empty for none.
    pub(super) more: &'static str,
}

/// What is known of a referral and around it when somebody decides what to do.
pub(super) struct Ground<'a> {
    pub(super) referral: &'a ReferralView,
    /// Whether the reader belongs to the recipient.
    pub(super) receives: bool,
    pub(super) staff: StaffId,
    pub(super) policy: &'a Policy,
    pub(super) words: Words,
    pub(super) now: Timestamp,
    /// Services that could be named instead.
    pub(super) others: Vec<Named>,
    /// Later referrals of the same person by the sender, in words.
    pub(super) later: Vec<(ReferralId, String)>,
    /// Needs that the sender recorded for this service, in words.
    pub(super) needs: Vec<(NeedId, String)>,
}

/// The reason to say no that is told in words, and in nothing but words.
const OTHER: &str = "DR90";
/// Too little information, even after asking.
const NO_ANSWER: &str = "DR20";
/// Words without which there is no answer.
const ALWAYS: &str = "always";
/// Somebody did not come again and again: follows by itself, or when trying on is unsafe.
const REPEATED_NO_SHOW: &str = "FX02";
/// Nothing is told beyond that the service was given.
const PRIVATE: &str = "OC0";
/// Nobody was reached, for as long as somebody must try.
const OUT_OF_REACH: &str = "CL07";
/// Making contact would be unsafe.
const UNSAFE_CONTACT: &str = "CL08";
/// What ends a running service without asking.
const ENDS_AT_ONCE: [&str; 3] = ["CX02", "CX06", "CX08"];

/// How often appointments were missed.
pub(super) fn no_shows(referral: &ReferralView) -> u8 {
    let missed = referral.timeline.iter().flatten().filter(|event| event.number == Number::T17);
    u8::try_from(missed.count()).unwrap_or(u8::MAX)
}

/// Where it was interrupted, for one that is on hold.
fn held_from(referral: &ReferralView) -> Option<StateName> {
    let states = referral.timeline.iter().flatten().rev().map(|event| event.state);
    states.into_iter().find(|state| *state != StateName::OnHold)
}

/// When it ended.
fn ended_at(referral: &ReferralView) -> Option<Timestamp> {
    let mut events = referral.timeline.iter().flatten();
    events.find(|event| event.state.is_terminal()).map(|event| event.recorded_at)
}

/// What can be done where it stands.
pub(super) fn answers(ground: Ground<'_>) -> Vec<Answer> {
    let seen = Seen { state: ground.referral.state, no_shows: no_shows(ground.referral) };
    let restricted = ground.referral.flags.restricted;
    let make = Make { seen, ground };
    let mut answers = if make.ground.receives { make.of_the_recipient() } else { make.of_the_sender() };
    if !make.ground.receives {
        answers.extend(make.close());
    }
    answers.retain(|answer| !(restricted && answer.uses_data));
    answers
}

/// Makes answers in the words of the page.
struct Make<'a> {
    seen: Seen,
    ground: Ground<'a>,
}

impl Make<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing is left to do in the other states")]
    fn of_the_recipient(&self) -> Vec<Answer> {
        let referral = self.ground.referral;
        let mut answers = match referral.state {
            // Looking at it comes first, and is noted by itself.
            state if undecided(state) => self.decide(),
            StateName::InfoRequested => self.no_answer(),
            StateName::Waitlisted => self.waiting(),
            StateName::Accepted => self.begin(),
            StateName::Scheduled => self.appointment(),
            StateName::InService => self.end(),
            StateName::OnHold => self.go_on(),
            _ => Vec::new(),
        };
        if referral.party.as_ref().is_some_and(|party| party.cancel_asked.is_some()) {
            // Somebody waits for this one.
            answers.splice(0..0, self.agree_or_not());
        }
        answers
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing is left to do in the other states")]
    fn of_the_sender(&self) -> Vec<Answer> {
        let referral = self.ground.referral;
        let asked = referral.party.as_ref().is_some_and(|party| party.cancel_asked.is_some());
        let has_begun = match referral.state {
            StateName::InService => true,
            StateName::OnHold => held_from(referral) == Some(StateName::InService),
            _ => false,
        };
        match referral.state {
            StateName::InfoRequested => self.reply().into_iter().chain(self.cancel(false)).collect(),
            StateName::Submitted | StateName::Delivered => {
                self.cancel(false).into_iter().chain(self.declare_error()).collect()
            }
            _ if has_begun && asked => self.cancel(true).into_iter().collect(),
            _ if has_begun => self.ask_cancel().into_iter().chain(self.cancel(true)).collect(),
            StateName::OnHold => self.cancel(false).into_iter().collect(),
            state if can_be_cancelled(state) => self.cancel(false).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// An answer that is asked for like this one; what it says beside its name is filled in by the page.
    fn answer(&self, like: &Move, tone: &'static str, inputs: Vec<Input>) -> Answer {
        let by = like.actors().iter().find(|by| matches!(by, By::Sender | By::Intake | By::CaseWorker));
        // From where it stands when it was looked at.
        let is_unread =
            self.ground.receives && matches!(self.seen.state, StateName::Submitted | StateName::Delivered);
        let seen = if is_unread { Seen { state: StateName::Acknowledged, ..self.seen } } else { self.seen };
        Answer {
            name: like.name(),
            number: like.row(seen, self.ground.policy),
            by: by.copied().unwrap_or(By::Sender),
            button: self.ground.words.word("answer", like.name()),
            tone,
            help: self.ground.words.word("answer-help", like.name()),
            inputs,
            first: None,
            uses_data: like.needs_use_of_data(),
        }
    }

    fn t(&self, key: &str) -> String {
        self.ground.words.t(key)
    }

    fn pick(&self, reason: &Reason) -> Pick {
        let code = reason.code.as_str();
        Pick {
            value: value!(code).to_string(),
            code: code.to_owned(),
            word: self.ground.words.code(code, &reason.label),
            number: None,
            more: "",
        }
    }

    /// Whether details of how it went may go back to the sender.
    fn tells_details(&self) -> bool {
        self.ground.referral.party.as_ref().is_some_and(|party| party.details_return)
    }

    /// The reasons of a move that fit, and need nothing beside them but what the form asks for.
    fn picks(&self, like: &Move, asked: &[Requirement]) -> Vec<Pick> {
        let (sets, only) = like.reasons();
        let fits = |reason: &&Reason| {
            let has_all = reason.requires.iter().all(|one| asked.contains(one));
            (only.is_empty() || only.contains(&reason.code.as_str())) && has_all
        };
        let all = sets.iter().flat_map(|set| self.ground.policy.reasons(*set));
        all.filter(fits).map(|reason| self.pick(reason)).collect()
    }

    fn why(&self, fact: &'static str, options: Vec<Pick>) -> Input {
        Input::Choice { fact, label: self.t("answer-why"), options, when: "" }
    }

    /// The reasons that fit and need nothing beside them, as a choice.
    fn reasons(&self, like: &Move, fact: &'static str) -> Input {
        self.why(fact, self.picks(like, &[]))
    }

    /// A reason to say no, and the words that go with the one that takes them.
    fn why_not(&self, like: &Move) -> [Input; 2] {
        let mut options = self.picks(like, &[Requirement::Text]);
        options.retain(|pick| pick.code != NO_ANSWER);
        let words =
            Input::Words { fact: "note", label: self.t("answer-other-words"), when: OTHER, hidden: true };
        [self.why("reason", options), words]
    }

    /// Kinds of service that may be said to be needed still. Those that tell much by themselves are said to nobody in the open.
    fn still_needed(&self, fact: &'static str, when: &'static str) -> Input {
        let services = self.ground.policy.services().filter(|service| service.route_as.is_none());
        let options = services.map(|service| {
            let code = service.code.as_str();
            (code.to_owned(), self.ground.words.code(code, &service.label))
        });
        let key = if when.is_empty() { "answer-needs-if-any" } else { "answer-needs" };
        Input::Needs { fact, label: self.t(key), options: options.collect(), when }
    }

    /// A code that stands in for the one somebody chooses.
    fn any() -> Option<ReasonCode> {
        "DR01".parse().ok()
    }

    fn day(&self, fact: &'static str, key: &'static str) -> Input {
        Input::Day { fact, label: self.t(key) }
    }

    fn moment(&self, fact: &'static str, key: &'static str, optional: bool) -> Input {
        Input::Moment { fact, label: self.t(key), optional }
    }

    // The recipient's

    fn decide(&self) -> Vec<Answer> {
        let Some(reason) = Self::any() else { return Vec::new() };
        let estimate = chrono::NaiveDate::default();
        let accept = Move::Accept { assignee: self.ground.staff };
        let ask = Move::Ask { reason: reason.clone(), note: None };
        let waitlist = Move::Waitlist { reason: reason.clone(), estimate };
        let decline = Move::Decline { reason: reason.clone(), note: None };
        let redirect = Move::Redirect { reason, to: Vec::new(), note: None };
        let named = |Named { id, name, provider, .. }: &Named| {
            let mut gaps = FluentArgs::new();
            gaps.set("name", name.clone());
            gaps.set("provider", provider.clone());
            (id.to_string(), self.ground.words.filled("letter-service-of", &gaps))
        };
        let options = self.ground.others.iter().map(named).collect();
        let question =
            Input::Words { fact: "note", label: self.t("answer-question"), when: "", hidden: false };
        let [why_redirected, redirected_words] = self.why_not(&redirect);
        vec![
            self.answer(&accept, "", vec![Input::Own { fact: "assignee" }]),
            self.answer(&ask, "secondary", vec![self.reasons(&ask, "reason"), question]),
            self.answer(
                &waitlist,
                "secondary",
                vec![self.reasons(&waitlist, "reason"), self.day("estimate", "answer-estimate")],
            ),
            self.answer(
                &redirect,
                "secondary",
                vec![Input::Services { fact: "to", options }, why_redirected, redirected_words],
            ),
            self.answer(&decline, "danger", self.why_not(&decline).into()),
        ]
    }

    /// A question that was not answered in time may end it.
    fn no_answer(&self) -> Vec<Answer> {
        let due = self.ground.referral.due.iter().find(|due| due.what == TimerKind::Answer);
        let is_over = due.is_some_and(|due| due.overdue_since.is_some() || due.due <= self.ground.now);
        let (true, Some(reason)) = (is_over, Self::any()) else { return Vec::new() };
        let decline = Move::Decline { reason, note: None };
        let mut options = self.picks(&decline, &[]);
        options.retain(|pick| pick.code == NO_ANSWER);
        vec![self.answer(&decline, "danger", vec![self.why("reason", options)])]
    }

    fn waiting(&self) -> Vec<Answer> {
        let Some(reason) = Self::any() else { return Vec::new() };
        let decline = Move::Decline { reason, note: None };
        let reconfirm = Move::Reconfirm { estimate: chrono::NaiveDate::default() };
        vec![
            self.answer(
                &Move::Accept { assignee: self.ground.staff },
                "",
                vec![Input::Own { fact: "assignee" }],
            ),
            self.answer(&reconfirm, "secondary", vec![self.day("estimate", "answer-estimate")]),
            self.answer(&decline, "danger", self.why_not(&decline).into()),
        ]
    }

    fn begin(&self) -> Vec<Answer> {
        let start = Move::Start { since: chrono::NaiveDate::default() };
        let schedule = Move::Schedule { on: Timestamp::from_seconds(0) };
        let mut answers = vec![
            self.answer(&schedule, "", vec![self.moment("on", "answer-on", false)]),
            self.answer(&start, "secondary", vec![self.day("since", "answer-since")]),
        ];
        answers.extend(self.hold().into_iter().chain(self.fail()));
        answers
    }

    fn appointment(&self) -> Vec<Answer> {
        let Some(reason) = Self::any() else { return Vec::new() };
        let no_show = Move::NoShow { reason: reason.clone() };
        let reschedule = Move::Reschedule { on: Timestamp::from_seconds(0), reason };
        let start = Move::Start { since: chrono::NaiveDate::default() };
        let moved = vec![self.moment("on", "answer-on", false), self.reasons(&reschedule, "reason")];
        let mut answers = vec![
            self.answer(&start, "", vec![self.day("since", "answer-since")]),
            self.answer(&reschedule, "secondary", moved),
            self.answer(&no_show, "secondary", vec![self.reasons(&no_show, "reason")]),
        ];
        answers.extend(self.hold().into_iter().chain(self.fail()));
        answers
    }

    fn end(&self) -> Vec<Answer> {
        let Some(outcome) = Self::any() else { return Vec::new() };
        let complete = Move::Complete { outcome, report: Report::default() };
        let mut outcomes = self.picks(&complete, &[Requirement::PendingNeeds]);
        let mut ended = Vec::new();
        if self.tells_details() {
            ended.push(self.why("outcome", outcomes));
            ended.push(self.still_needed("report.pending", "OC2"));
            let label = self.t("answer-decision");
            ended.push(Input::Words { fact: "report.note", label, when: "OC5", hidden: true });
        } else {
            // Without the person's agreement nothing goes back but that it was given.
            outcomes.retain(|pick| pick.code == PRIVATE);
            ended.push(self.why("outcome", outcomes));
        }
        let progress = Move::Progress { pending: Vec::new(), note: None };
        let mut news = Vec::new();
        if self.tells_details() {
            news.push(self.still_needed("pending", ""));
            let label = self.t("answer-news");
            news.push(Input::Words { fact: "note", label, when: "", hidden: false });
        }
        let mut answers = vec![self.answer(&complete, "", ended), self.answer(&progress, "secondary", news)];
        answers.extend(self.hold().into_iter().chain(self.fail()));
        answers
    }

    fn hold(&self) -> Option<Answer> {
        let hold = Move::Hold { reason: Self::any()?, resume: chrono::NaiveDate::default() };
        let inputs = vec![self.reasons(&hold, "reason"), self.day("resume", "answer-resume-on")];
        Some(self.answer(&hold, "secondary", inputs))
    }

    fn go_on(&self) -> Vec<Answer> {
        let resume = Move::Resume { on: None };
        let inputs = match held_from(self.ground.referral) {
            // A running service goes on without an appointment.
            Some(StateName::InService) => Vec::new(),
            _ => vec![self.moment("on", "answer-on-if-any", true)],
        };
        std::iter::once(self.answer(&resume, "", inputs)).chain(self.fail()).collect()
    }

    fn fail(&self) -> Option<Answer> {
        let like = |unsafe_to_continue| {
            let reason = Self::any()?;
            Some(Move::Fail { reason, unsafe_to_continue, pending: Vec::new() })
        };
        let (fail, gave_up) = (like(false)?, like(true)?);
        let is_scheduled = self.seen.state == StateName::Scheduled;
        let mut options = self.picks(&fail, &[]);
        options.retain(|pick| is_scheduled || pick.code != REPEATED_NO_SHOW);
        for pick in options.iter_mut().filter(|pick| pick.code == REPEATED_NO_SHOW) {
            pick.word = self.t("answer-unsafe-to-try");
            pick.number = Some(gave_up.row(self.seen, self.ground.policy));
            pick.more = r#"{"unsafe_to_continue":true}"#;
        }
        let mut inputs = vec![self.why("reason", options)];
        if self.tells_details() {
            inputs.push(self.still_needed("pending", ""));
        }
        Some(self.answer(&fail, "danger", inputs))
    }

    /// The sender asks that a running service ends.
    fn agree_or_not(&self) -> Vec<Answer> {
        let Some(reason) = Self::any() else { return Vec::new() };
        let refuse = Move::RefuseCancel { reason };
        vec![
            self.answer(&Move::AgreeCancel {}, "", Vec::new()),
            self.answer(&refuse, "secondary", vec![self.reasons(&refuse, "reason")]),
        ]
    }

    // The sender's

    /// What was asked is answered in words, in a packet that is held against everything as the first one was.
    fn reply(&self) -> Option<Answer> {
        let packet: PacketId = "pkt_00000000000070008000000000000000".parse().ok()?;
        let words =
            Input::Words { fact: "packet", label: self.t("answer-reply"), when: ALWAYS, hidden: false };
        Some(self.answer(&Move::Answer { packet }, "", vec![words]))
    }

    /// Calls it back; once it runs, only for what ends it at once.
    fn cancel(&self, has_begun: bool) -> Option<Answer> {
        let cancel = Move::Cancel { reason: Self::any()? };
        let mut options = self.picks(&cancel, &[]);
        options.retain(|pick| !has_begun || ENDS_AT_ONCE.contains(&pick.code.as_str()));
        for pick in &mut options {
            // Which row it is depends on the reason.
            let row = pick
                .code
                .parse()
                .ok()
                .map(|reason| Move::Cancel { reason }.row(self.seen, self.ground.policy));
            pick.number = row;
        }
        Some(self.answer(&cancel, "danger", vec![self.why("reason", options)]))
    }

    fn ask_cancel(&self) -> Option<Answer> {
        let ask = Move::AskCancel { reason: Self::any()? };
        Some(self.answer(&ask, "secondary", vec![self.reasons(&ask, "reason")]))
    }

    /// While nobody has read it the sender alone can say that it should never have been sent.
    fn declare_error(&self) -> Option<Answer> {
        let declare = Move::DeclareError { reason: Self::any()? };
        Some(self.answer(&declare, "danger", vec![self.reasons(&declare, "reason")]))
    }

    /// What is left to do when it has ended: to see how, to tell the person, and to close it.
    fn close(&self) -> Option<Answer> {
        match self.ground.referral.circle {
            LoopName::OutcomeKnown => Some(self.next()),
            LoopName::SenderAcknowledged => Some(self.inform()),
            LoopName::PersonInformed => self.end_loop(),
            LoopName::Open | LoopName::Closed => None,
        }
    }

    fn next(&self) -> Answer {
        let pick = |code: &'static str, step: &NextStep, word: String| Pick {
            value: written(step),
            code: code.to_owned(),
            word,
            number: None,
            more: "",
        };
        let again = self.ground.later.iter().map(|(referral, said)| {
            let step = NextStep::ReReferred { referral: *referral };
            pick("re_referred", &step, self.ground.words.with("answer-re-referred", "to", said.clone()))
        });
        let pending = NextStep::PendingNeed { pending: Vec::new() };
        let none = self.ground.policy.reasons(ReasonSet::Cl).map(|reason| {
            let step = NextStep::NoFurtherAction { reason: reason.code.clone() };
            Pick { value: written(&step), ..self.pick(reason) }
        });
        let met = pick("need_met", &NextStep::NeedMet {}, self.t("answer-need-met"));
        let options = std::iter::once(met)
            .chain(again)
            .chain(std::iter::once(pick("pending_need", &pending, self.t("answer-pending-need"))))
            .chain(none)
            .collect();
        let inputs = vec![
            Input::Choice { fact: "next", label: self.t("answer-next"), options, when: "" },
            self.still_needed("next.pending_need.pending", "pending_need"),
        ];
        self.answer(&Move::AcknowledgeOutcome { next: NextStep::NeedMet {} }, "", inputs)
    }

    fn inform(&self) -> Answer {
        let told = [
            (Told::InPerson {}, "answer-told-in-person"),
            (Told::Phone {}, "answer-told-phone"),
            (Told::SafeMessage {}, "answer-told-message"),
            (Told::Representative {}, "answer-told-representative"),
        ];
        let told = told.into_iter().map(|(told, key)| Pick {
            value: written(&told),
            code: String::new(),
            word: self.t(key),
            number: None,
            more: "",
        });
        let like = Move::InformPerson { told: Told::InPerson {} };
        let untold = self.picks(&like, &[Requirement::ContactAttempts]).into_iter();
        let untold = untold.filter(|pick| pick.code != OUT_OF_REACH || self.may_be_out_of_reach());
        let untold = untold.filter_map(|pick| {
            let told = Told::NotPossible { reason: pick.code.parse().ok()?, attempts: None };
            let word = self.ground.words.with("answer-not-told", "why", pick.word.clone());
            Some(Pick { value: written(&told), word, ..pick })
        });
        let options = told.chain(untold).collect();
        let tries = Input::Count {
            fact: "told.not_possible.attempts",
            label: self.t("answer-attempts"),
            when: OUT_OF_REACH,
        };
        let told = Input::Choice { fact: "told", label: self.t("answer-told"), options, when: "" };
        self.answer(&like, "", vec![told, tries])
    }

    /// That nobody was reached is true only after the time for trying.
    fn may_be_out_of_reach(&self) -> bool {
        let within = self.ground.policy.timers().no_contact_after.clock();
        let ended = ended_at(self.ground.referral);
        within.zip(ended).is_some_and(|(within, ended)| self.ground.now >= ended.plus(within))
    }

    fn end_loop(&self) -> Option<Answer> {
        let close = Move::Close { reason: Self::any()?, case: None, need: None };
        let facts = self.ground.referral.party.as_ref().and_then(|party| party.loop_facts.clone());
        let told = facts.and_then(|facts| serde_json::from_value::<Told>(facts).ok());
        let mut asked = Vec::new();
        if !self.ground.needs.is_empty() {
            asked.push(Requirement::GapRecord);
        }
        let options = if let Some(Told::NotPossible { reason, .. }) = told {
            // Whoever was not told is let go with the reason why.
            let all = self.ground.policy.reasons(ReasonSet::Cl);
            all.filter(|one| one.code == reason).map(|one| self.pick(one)).collect()
        } else {
            let mut options = self.picks(&close, &asked);
            options.retain(|pick| pick.code != OUT_OF_REACH && pick.code != UNSAFE_CONTACT);
            options
        };
        let needs = self.ground.needs.iter().map(|(need, said)| Pick {
            value: value!(need.to_string()).to_string(),
            code: String::new(),
            word: said.clone(),
            number: None,
            more: "",
        });
        let mut inputs = vec![self.why("reason", options)];
        if !self.ground.needs.is_empty() {
            inputs.push(Input::Choice {
                fact: "need",
                label: self.t("answer-need"),
                options: needs.collect(),
                when: "CL10",
            });
        }
        let note = format!("/needs/new?service={}", self.ground.referral.service);
        let first = Some((note, self.t("answer-note-need")));
        Some(Answer { first, ..self.answer(&close, "", inputs) })
    }
}

/// A fact as it stands in an event.
fn written(fact: &impl Serialize) -> String {
    serde_json::to_string(fact).unwrap_or_default()
}
