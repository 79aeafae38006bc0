//! Tables of `directory`. What the columns mean stands in `directory`.
#![expect(
    missing_docs,
    reason = "diesel's macro gives the columns no place for documentation that a reader would look at"
)]

diesel::table! {
    directory_rows (source, tbl, id) {
        source -> Text,
        tbl -> Text,
        id -> Text,
        digest -> Text,
        body -> Text,
    }
}

diesel::table! {
    services (id) {
        id -> Text,
        source -> Text,
        name -> Text,
        provider -> Text,
        description -> Text,
        url -> Nullable<Text>,
        status -> Text,
        visibility -> Text,
        member -> Nullable<Text>,
        service_code -> Nullable<Text>,
        area -> Nullable<Text>,
        availability -> Text,
        sort_key -> Text,
        folded -> Text,
        updated_at -> BigInt,
        version -> BigInt,
        audit_id -> Text,
    }
}
