//! Tables of `consent`. What the columns mean stands in `consent`.
#![expect(
    missing_docs,
    reason = "diesel's macro gives the columns no place for documentation that a reader would look at"
)]

diesel::table! {
    consents (issuer, subject) {
        issuer -> Text,
        subject -> Text,
        newest -> Integer,
        record -> Text,
    }
}

diesel::table! {
    certificates (id) {
        id -> Text,
        issuer -> Text,
        recipient -> Text,
        subject -> Text,
        record -> Text,
        record_version -> Integer,
        digest -> Text,
        token -> Nullable<Text>,
        code -> Text,
        status -> Text,
        status_since -> BigInt,
        withdrawal -> Nullable<Text>,
        denied -> Text,
        expires_at -> BigInt,
        registered_at -> BigInt,
        version -> BigInt,
        audit_id -> Text,
    }
}

diesel::table! {
    withdrawals (id) {
        id -> Text,
        issuer -> Text,
        subject -> Text,
        record_version -> Integer,
        heard_by -> Nullable<Text>,
        extent -> Text,
        withdrawn_at -> BigInt,
        closed_at -> Nullable<BigInt>,
        breach_at -> Nullable<BigInt>,
        version -> BigInt,
        audit_id -> Text,
    }
}

diesel::table! {
    withdrawal_holders (withdrawal, organisation) {
        withdrawal -> Text,
        organisation -> Text,
        holding -> Text,
        due_at -> BigInt,
        acknowledged_at -> Nullable<BigInt>,
        escalated_at -> Nullable<BigInt>,
        answered_at -> Nullable<BigInt>,
        answer -> Nullable<Text>,
        exception -> Nullable<Text>,
        kept_until -> Nullable<BigInt>,
        asked_at -> BigInt,
        rounds -> SmallInt,
        audit_id -> Nullable<Text>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(consents, certificates, withdrawals, withdrawal_holders);
