//! Tables of `referrals`. What the columns mean stands in `referrals`.
#![expect(
    missing_docs,
    reason = "diesel's macro gives the columns no place for documentation that a reader would look at"
)]

diesel::table! {
    referrals (id) {
        id -> Text,
        sender -> Text,
        recipient -> Text,
        subject -> Text,
        packet -> Text,
        envelope -> Text,
        certificate -> Nullable<Text>,
        agreement -> Text,
        agreement_version -> Integer,
        mode -> Text,
        purpose -> Text,
        service -> Text,
        urgency -> Text,
        parent -> Nullable<Text>,
        details_return -> SmallInt,
        vulnerable -> SmallInt,
        terms -> Text,
        state -> Text,
        reason -> Nullable<Text>,
        assignee -> Nullable<Text>,
        facts -> Text,
        loop_state -> Text,
        loop_facts -> Nullable<Text>,
        flags -> Text,
        pending -> Nullable<Text>,
        head -> Text,
        events -> BigInt,
        version -> BigInt,
        submitted_at -> BigInt,
        changed_at -> BigInt,
        next_due -> BigInt,
        overdue_since -> BigInt,
    }
}

diesel::table! {
    referral_events (referral, seq) {
        referral -> Text,
        seq -> BigInt,
        id -> Text,
        digest -> Text,
        token -> Nullable<Text>,
        issuer -> Text,
        role -> Text,
        number -> Text,
        asked -> Text,
        reason -> Nullable<Text>,
        state -> Text,
        loop_state -> Text,
        occurred_at -> BigInt,
        recorded_at -> BigInt,
        receipt -> Text,
        audit_id -> Text,
    }
}

diesel::table! {
    referral_timers (referral, kind) {
        referral -> Text,
        kind -> Text,
        from_at -> BigInt,
        due_at -> BigInt,
        next_at -> Nullable<BigInt>,
        rung -> SmallInt,
        overdue_since -> Nullable<BigInt>,
        paused_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    needs (id) {
        id -> Text,
        organisation -> Text,
        kind -> Text,
        service -> Text,
        urgency -> Text,
        area -> Nullable<Text>,
        reason -> Text,
        recorded_at -> BigInt,
        audit_id -> Text,
        population -> Nullable<Text>,
    }
}

diesel::table! {
    referral_ends (referral) {
        referral -> Text,
        ended_at -> BigInt,
        forgotten_at -> Nullable<BigInt>,
        passed_on_for -> Nullable<Text>,
    }
}

diesel::table! {
    forgotten_referrals (mark) {
        mark -> Text,
        at -> BigInt,
        audit_id -> Text,
    }
}

diesel::table! {
    past_disclosures (packet) {
        packet -> Text,
        subject -> Text,
        sender -> Text,
        recipient -> Text,
        facts -> Text,
        until -> BigInt,
        passed_on_for -> Nullable<Text>,
    }
}

diesel::table! {
    destructions (referral) {
        referral -> Text,
        sender -> Text,
        recipient -> Text,
        asked_at -> BigInt,
        rounds -> SmallInt,
        due_at -> BigInt,
        acknowledged_at -> Nullable<BigInt>,
        escalated_at -> Nullable<BigInt>,
        answered_at -> Nullable<BigInt>,
        answer -> Nullable<Text>,
        exception -> Nullable<Text>,
        kept_until -> Nullable<BigInt>,
        version -> BigInt,
        audit_id -> Text,
    }
}

diesel::table! {
    corrections (id, organisation) {
        id -> Text,
        organisation -> Text,
        referral -> Text,
        kinds -> Text,
        asked_at -> BigInt,
        due_at -> BigInt,
        escalated_at -> Nullable<BigInt>,
        answered_at -> Nullable<BigInt>,
        answer -> Nullable<Text>,
        version -> BigInt,
        audit_id -> Text,
    }
}

diesel::table! {
    referral_notes (referral, organisation, author, kind) {
        referral -> Text,
        organisation -> Text,
        author -> Text,
        kind -> Text,
        day -> Nullable<Text>,
        left_at -> BigInt,
        read_at -> Nullable<BigInt>,
        audit_id -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(referrals, referral_ends);
