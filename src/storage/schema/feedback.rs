//! Tables of `feedback`. What the columns mean stands in `feedback`.
#![expect(
    missing_docs,
    reason = "diesel's macro gives the columns no place for documentation that a reader would look at"
)]

diesel::table! {
    person_keys (code) {
        code -> Text,
        pin -> Text,
        referral -> Text,
        provider -> Text,
        service -> Text,
        until -> BigInt,
        tries -> Integer,
        paused_until -> Nullable<BigInt>,
        rated -> SmallInt,
        audit_id -> Text,
    }
}

diesel::table! {
    ratings (id) {
        id -> Text,
        provider -> Text,
        service -> Text,
        quarter -> Text,
        reached -> Nullable<SmallInt>,
        in_time -> Nullable<SmallInt>,
        respectful -> Nullable<SmallInt>,
        clear -> Nullable<SmallInt>,
        asked -> Nullable<SmallInt>,
        need_met -> Nullable<SmallInt>,
    }
}
