-- What became of each packet that asks for help: where it stands, the signed events that brought it there, its clocks; and needs nobody could be asked for.
CREATE TABLE referrals (
    id TEXT NOT NULL PRIMARY KEY,
    sender TEXT NOT NULL REFERENCES organisations (id),
    recipient TEXT NOT NULL REFERENCES organisations (id),
    subject TEXT NOT NULL,
    packet TEXT NOT NULL,
    envelope TEXT NOT NULL CHECK (length(envelope) = 43),
    certificate TEXT,
    agreement TEXT NOT NULL,
    agreement_version INTEGER NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('consent', 'emergency', 'legal', 'info')),
    purpose TEXT NOT NULL,
    service TEXT NOT NULL,
    urgency TEXT NOT NULL,
    parent TEXT REFERENCES referrals (id),
    details_return SMALLINT NOT NULL CHECK (details_return IN (0, 1)),
    vulnerable SMALLINT NOT NULL CHECK (vulnerable IN (0, 1)),
    terms TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('submitted', 'delivered', 'acknowledged', 'info_requested', 'accepted', 'waitlisted', 'scheduled', 'in_service', 'on_hold', 'completed', 'declined', 'redirected', 'cancelled', 'withdrawn', 'expired', 'failed', 'transferred', 'entered_in_error')),
    reason TEXT,
    assignee TEXT,
    facts TEXT NOT NULL,
    loop_state TEXT NOT NULL CHECK (loop_state IN ('open', 'outcome_known', 'sender_acknowledged', 'person_informed', 'closed')),
    loop_facts TEXT,
    flags TEXT NOT NULL,
    pending TEXT,
    head TEXT NOT NULL CHECK (length(head) = 43),
    events BIGINT NOT NULL CHECK (events > 0),
    version BIGINT NOT NULL,
    submitted_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    next_due BIGINT NOT NULL,
    overdue_since BIGINT NOT NULL,
    CHECK (sender <> recipient),
    CHECK ((assignee IS NOT NULL) = (state IN ('accepted', 'scheduled', 'in_service', 'on_hold'))),
    CHECK (state = 'withdrawn' OR (reason IS NOT NULL) = (state IN ('info_requested', 'waitlisted', 'on_hold', 'completed', 'declined', 'redirected', 'cancelled', 'expired', 'failed', 'entered_in_error'))),
    CHECK ((loop_state = 'open') = (state IN ('submitted', 'delivered', 'acknowledged', 'info_requested', 'accepted', 'waitlisted', 'scheduled', 'in_service', 'on_hold'))),
    CHECK ((loop_facts IS NOT NULL) = (loop_state IN ('sender_acknowledged', 'person_informed', 'closed')))
);
CREATE INDEX referrals_by_recipient ON referrals (recipient, next_due, id);
CREATE INDEX referrals_by_sender ON referrals (sender, overdue_since, next_due, id);
CREATE INDEX referrals_by_subject ON referrals (subject, service);
CREATE INDEX referrals_by_certificate ON referrals (certificate);
CREATE INDEX referrals_by_agreement ON referrals (agreement);
CREATE INDEX referrals_by_parent ON referrals (parent);
CREATE INDEX referrals_by_overdue ON referrals (overdue_since, next_due, id);

CREATE TABLE referral_events (
    referral TEXT NOT NULL REFERENCES referrals (id),
    seq BIGINT NOT NULL CHECK (seq > 0),
    id TEXT NOT NULL UNIQUE,
    digest TEXT NOT NULL CHECK (length(digest) = 43),
    token TEXT,
    issuer TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('sender', 'intake', 'case_worker', 'hub', 'person', 'coordinator', 'data_protection')),
    number TEXT NOT NULL,
    asked TEXT NOT NULL,
    reason TEXT,
    state TEXT NOT NULL,
    loop_state TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    receipt TEXT NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (referral, seq),
    CHECK ((token IS NULL) = (number = 'T01'))
);

CREATE TABLE referral_timers (
    referral TEXT NOT NULL REFERENCES referrals (id),
    kind TEXT NOT NULL CHECK (kind IN ('delivery', 'acknowledge', 'decide', 'expiry', 'service', 'progress', 'outcome', 'answer', 'cancel_answer', 'waitlist_review', 'resume', 'loop_close')),
    from_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    next_at BIGINT,
    rung SMALLINT NOT NULL,
    overdue_since BIGINT,
    paused_at BIGINT,
    PRIMARY KEY (referral, kind)
);
CREATE INDEX referral_timers_by_next ON referral_timers (next_at);

CREATE TABLE needs (
    id TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    kind TEXT NOT NULL CHECK (kind IN ('unreferred', 'information_only', 'bounced')),
    service TEXT NOT NULL,
    urgency TEXT NOT NULL,
    area TEXT,
    reason TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    audit_id TEXT NOT NULL
);
CREATE INDEX needs_by_organisation ON needs (organisation, id);

CREATE FUNCTION referral_events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are append-only';
END
$$;
CREATE TRIGGER referral_events_append_only BEFORE UPDATE OR DELETE ON referral_events
FOR EACH ROW EXECUTE FUNCTION referral_events_append_only();
