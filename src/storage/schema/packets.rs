//! Tables of `packets`. What the columns mean stands in `packets`.
#![expect(
    missing_docs,
    reason = "diesel's macro gives the columns no place for documentation that a reader would look at"
)]

diesel::table! {
    packets (id) {
        id -> Text,
        issuer -> Text,
        kind -> Text,
        referral -> Text,
        envelope -> Text,
        envelope_digest -> Text,
        manifest_digest -> Text,
        receipt -> Text,
        received_at -> BigInt,
        expires_at -> BigInt,
        purge_at -> Nullable<BigInt>,
        purged_at -> Nullable<BigInt>,
        audit_id -> Text,
    }
}

diesel::table! {
    packet_bodies (packet) {
        packet -> Text,
        body -> Binary,
    }
}

diesel::table! {
    packet_recipients (packet, organisation) {
        packet -> Text,
        organisation -> Text,
        sender -> Text,
        day -> BigInt,
        ordinal -> BigInt,
        delivered_at -> Nullable<BigInt>,
        answered_at -> Nullable<BigInt>,
        answer -> Nullable<Text>,
        receipt -> Nullable<Text>,
        held -> Nullable<Text>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(packets, packet_bodies, packet_recipients);
