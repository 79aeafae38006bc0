//! Tables of `factors`. What the columns mean stands in `factors`.
#![expect(
    missing_docs,
    reason = "diesel's macro gives the columns no place for documentation that a reader would look at"
)]

diesel::table! {
    factor_apps (staff) {
        staff -> Text,
        sealed -> Text,
        made_at -> BigInt,
        confirmed_at -> Nullable<BigInt>,
        last_step -> BigInt,
        audit_id -> Text,
    }
}

diesel::table! {
    passkeys (id) {
        id -> Text,
        staff -> Text,
        name -> Text,
        credential -> Text,
        added_at -> BigInt,
        used_at -> Nullable<BigInt>,
        audit_id -> Text,
    }
}

diesel::table! {
    passkey_questions (subject) {
        subject -> Text,
        staff -> Text,
        state -> Text,
        until -> BigInt,
    }
}

diesel::table! {
    recovery_codes (digest) {
        digest -> Text,
        staff -> Text,
    }
}
