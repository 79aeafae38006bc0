//! Tables of `members`. What the columns mean stands in `members`.
#![expect(
    missing_docs,
    reason = "diesel's macro gives the columns no place for documentation that a reader would look at"
)]

diesel::table! {
    organisations (id) {
        id -> Text,
        name -> Text,
        kind -> Text,
        country -> Text,
        roles -> Text,
        enforcement -> SmallInt,
        authority_of -> Nullable<Text>,
        standing -> Text,
        root_kid -> Text,
        root_jwk -> Text,
        enrolled_at -> BigInt,
        version -> BigInt,
        audit_id -> Text,
        calendar -> Nullable<Text>,
    }
}

diesel::table! {
    staff (id) {
        id -> Text,
        organisation -> Nullable<Text>,
        name -> Text,
        roles -> Text,
        passphrase -> Nullable<Text>,
        enrolment -> Nullable<Text>,
        enrolment_until -> Nullable<BigInt>,
        tries -> Integer,
        paused_until -> Nullable<BigInt>,
        removed_at -> Nullable<BigInt>,
        audit_id -> Text,
    }
}

diesel::table! {
    sessions (token) {
        token -> Text,
        id -> Text,
        staff -> Text,
        since -> BigInt,
        seen -> BigInt,
        until -> BigInt,
    }
}

diesel::table! {
    half_sessions (token) {
        token -> Text,
        staff -> Text,
        until -> BigInt,
    }
}

diesel::table! {
    clients (id) {
        id -> Text,
        organisation -> Text,
        name -> Text,
        roles -> Text,
        kid -> Text,
        jwk -> Text,
        registered_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        audit_id -> Text,
    }
}

diesel::table! {
    key_statements (organisation, seq) {
        organisation -> Text,
        seq -> BigInt,
        digest -> Text,
        statement -> Text,
        at -> BigInt,
        audit_id -> Text,
    }
}

diesel::table! {
    organisation_keys (kid) {
        kid -> Text,
        organisation -> Text,
        key_use -> Text,
        role -> Text,
        jwk -> Text,
        state -> Text,
        valid_from -> BigInt,
        valid_until -> BigInt,
        retired_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        compromised_at -> Nullable<BigInt>,
        audit_id -> Nullable<Text>,
    }
}

diesel::table! {
    former_roots (kid) {
        kid -> Text,
        organisation -> Text,
        jwk -> Text,
        last_seq -> BigInt,
        replaced_at -> BigInt,
        audit_id -> Text,
    }
}

diesel::joinable!(clients -> organisations (organisation));
diesel::joinable!(sessions -> staff (staff));
diesel::joinable!(half_sessions -> staff (staff));
diesel::joinable!(staff -> organisations (organisation));
diesel::allow_tables_to_appear_in_same_query!(
    organisations,
    staff,
    sessions,
    half_sessions,
    clients,
    key_statements,
    organisation_keys,
    former_roots
);
