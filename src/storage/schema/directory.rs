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
        missing_since -> Nullable<BigInt>,
        place -> BigInt,
        folded -> Text,
        confidential -> BigInt,
        said_at -> BigInt,
    }
}

diesel::table! {
    directory_links (parent, tbl, via, id, source) {
        parent -> Text,
        tbl -> Text,
        via -> Text,
        id -> Text,
        source -> Text,
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
        updated_at -> BigInt,
        version -> BigInt,
        audit_id -> Text,
        missing_since -> Nullable<BigInt>,
        place -> BigInt,
        row_id -> Text,
        searched -> BigInt,
        availability_note -> Nullable<Text>,
        availability_places -> Nullable<BigInt>,
        availability_until -> Nullable<BigInt>,
        availability_told -> BigInt,
        verified_at -> Nullable<BigInt>,
        verify_by -> Nullable<BigInt>,
        verify_told -> BigInt,
        closed_at -> Nullable<BigInt>,
        mismatches -> BigInt,
        flagged_at -> Nullable<BigInt>,
        reporting -> Text,
        standing -> Text,
    }
}

diesel::table! {
    directory_entered (service) {
        service -> Text,
        body -> Text,
    }
}

diesel::table! {
    directory_touched (service) {
        service -> Text,
        touched -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(directory_rows, directory_links, services, directory_entered);

diesel::table! {
    directory_field_changes (id, at, tbl, field, audit_id) {
        source -> Text,
        tbl -> Text,
        id -> Text,
        field -> Text,
        at -> BigInt,
        before -> Text,
        after -> Text,
        changed_by -> Text,
        audit_id -> Text,
    }
}

diesel::table! {
    directory_reports (service, organisation, day) {
        service -> Text,
        organisation -> Text,
        day -> BigInt,
        met -> Text,
        at -> BigInt,
        audit_id -> Text,
    }
}

diesel::table! {
    directory_drafts (service) {
        service -> Text,
        organisation -> Text,
        state -> Text,
        body -> Text,
        of_digest -> Text,
        reason -> Nullable<Text>,
        version -> BigInt,
        updated_at -> BigInt,
        audit_id -> Text,
    }
}

diesel::table! {
    directory_decisions (service, at, audit_id) {
        service -> Text,
        at -> BigInt,
        state -> Text,
        criteria -> Text,
        reason -> Nullable<Text>,
        decided_by -> Text,
        audit_id -> Text,
    }
}

diesel::table! {
    directory_overrides (source, tbl, id) {
        source -> Text,
        tbl -> Text,
        id -> Text,
        service -> Text,
        kind -> Text,
        cells -> Text,
        at -> BigInt,
        audit_id -> Text,
    }
}

diesel::table! {
    directory_contacts (id) {
        id -> Text,
        organisation -> Text,
        service -> Nullable<Text>,
        label -> Text,
        name -> Nullable<Text>,
        role -> Nullable<Text>,
        is_focal_point -> BigInt,
        is_on_call -> BigInt,
        telephone -> Text,
        channel -> Text,
        day_and_night -> BigInt,
        languages -> Text,
        valid_until -> BigInt,
        told -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
        audit_id -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(directory_contacts, services);
diesel::allow_tables_to_appear_in_same_query!(directory_drafts, services);
diesel::allow_tables_to_appear_in_same_query!(directory_decisions, services);

diesel::table! {
    directory_notes (service) {
        service -> Text,
        text -> Text,
        noted_by -> Text,
        at -> BigInt,
        version -> BigInt,
        audit_id -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(directory_notes, services);

diesel::table! {
    admin_areas (id) {
        id -> Text,
        country -> Text,
        level -> BigInt,
        code -> Text,
        code_key -> Text,
        name -> Text,
        names -> Text,
        folded -> Text,
        parent -> Nullable<Text>,
        valid_from -> Text,
        valid_to -> Nullable<Text>,
        replaced_by -> Nullable<Text>,
        latitude -> Nullable<Double>,
        longitude -> Nullable<Double>,
        sort_key -> Text,
        updated_at -> BigInt,
        audit_id -> Text,
    }
}

diesel::table! {
    directory_verifications (service, version) {
        service -> Text,
        version -> BigInt,
        method -> Text,
        outcome -> Text,
        fields -> Text,
        verified_by -> Text,
        organisation -> Nullable<Text>,
        at -> BigInt,
        next_due -> Nullable<BigInt>,
        entered_at -> BigInt,
        audit_id -> Text,
    }
}
