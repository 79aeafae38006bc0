//! Tables of the log. What the columns mean stands in `audit`.
#![expect(
    missing_docs,
    reason = "diesel's macro gives the columns no place for documentation that a reader would look at"
)]

diesel::table! {
    audit_entries (place) {
        place -> BigInt,
        id -> Text,
        entry -> Binary,
        leaf -> Text,
    }
}

diesel::table! {
    audit_tiles (level, place) {
        level -> SmallInt,
        place -> BigInt,
        hashes -> Binary,
        root -> Text,
    }
}

diesel::table! {
    audit_checkpoints (size) {
        size -> BigInt,
        root -> Text,
        note -> Text,
        at -> BigInt,
    }
}
