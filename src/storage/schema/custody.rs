//! Tables of `custody`. What the columns mean stands in `custody`.
#![expect(
    missing_docs,
    reason = "diesel's macro gives the columns no place for documentation that a reader would look at"
)]

diesel::table! {
    member_keys (staff) {
        staff -> Text,
        organisation -> Text,
        kid -> Text,
        jwk -> Text,
        passphrase -> Text,
        recovery -> Text,
        made_at -> BigInt,
        version -> BigInt,
        audit_id -> Text,
    }
}

diesel::table! {
    device_keys (kid) {
        kid -> Text,
        staff -> Text,
        organisation -> Text,
        jwk -> Text,
        name -> Text,
        added_at -> BigInt,
        given_up_at -> Nullable<BigInt>,
        audit_id -> Text,
    }
}

diesel::table! {
    keyrings (member, kid) {
        member -> Text,
        kid -> Text,
        organisation -> Text,
        role -> Text,
        token -> Text,
        at -> BigInt,
        audit_id -> Text,
    }
}

diesel::table! {
    kept_papers (id) {
        id -> Text,
        organisation -> Text,
        kind -> Text,
        kid -> Text,
        sealed -> Text,
        changed_at -> BigInt,
        version -> BigInt,
        audit_id -> Text,
    }
}
