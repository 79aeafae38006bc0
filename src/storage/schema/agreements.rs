//! Tables of `agreements`. What the columns mean stands in `agreements`.
#![expect(
    missing_docs,
    reason = "diesel's macro gives the columns no place for documentation that a reader would look at"
)]

diesel::table! {
    agreements (id, version) {
        id -> Text,
        version -> Integer,
        digest -> Text,
        document -> Binary,
        drafted_by -> Text,
        valid_from -> BigInt,
        valid_until -> BigInt,
        review_months -> Integer,
        grace_days -> Integer,
        state -> Text,
        since -> Nullable<BigInt>,
        in_force_since -> Nullable<BigInt>,
        reviewed_at -> Nullable<BigInt>,
        reason -> Nullable<Text>,
        suspended_by -> Nullable<Text>,
        notice_until -> Nullable<BigInt>,
        superseded_by -> Nullable<Integer>,
        stopped_flows -> Text,
        row_version -> BigInt,
        audit_id -> Text,
    }
}

diesel::table! {
    agreement_parties (organisation, agreement, version) {
        agreement -> Text,
        version -> Integer,
        organisation -> Text,
    }
}

diesel::table! {
    agreement_flows (discloses, receives, agreement, version) {
        agreement -> Text,
        version -> Integer,
        discloses -> Text,
        receives -> Text,
    }
}

diesel::table! {
    agreement_signatures (agreement, version, organisation) {
        agreement -> Text,
        version -> Integer,
        organisation -> Text,
        kid -> Text,
        token -> Text,
        signatory -> Text,
        office -> Text,
        authority -> Text,
        signed_at -> BigInt,
        audit_id -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(agreements, agreement_parties);
