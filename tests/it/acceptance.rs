//! What a directory must do to be relied on, by number, and the tests that hold it to that. A row whose test is gone goes red.

use std::path::Path;

/// Number, what it is about, and the functions that test it.
const DIRECTORY: &[(u8, &str, &[&str])] = &[
    (
        1,
        "the standard's own examples",
        &[
            "the_examples_of_the_standard_come_in",
            "the_examples_of_the_standard_are_valid",
            "the_tables_of_the_standard_s_example_hold_to_its_descriptor_but_for_what_they_name",
        ],
    ),
    (
        2,
        "the profile merges into the standard",
        &[
            "the_profile_merges_into_the_standard_and_describes_what_is_answered",
            "a_validator_of_others_finds_no_fault_in_the_description",
            "the_description_of_the_standard_with_the_profile_is_valid_and_says_what_can_be_asked",
        ],
    ),
    (3, "every answer is valid", &["everything_that_is_answered_holds_to_the_standard"]),
    (
        4,
        "values that cannot be",
        &[
            "values_outside_of_a_closed_list_are_refused",
            "cells_become_what_hsds_asks_for_or_stay_out",
            "only_addresses_that_are_safe_to_follow_pass",
            "odd_coordinates_are_named_and_never_put_on_the_map",
            "what_can_be_no_mail_address_no_number_and_no_place_is_pointed_out_where_it_stands_and_kept",
            "what_is_wrong_in_an_object_is_named_with_its_line_its_table_and_its_member",
        ],
    ),
    (5, "members nobody knows", &["members_that_nobody_knows_survive_with_their_kinds"]),
    (6, "what the API says of itself", &["everybody_reads_what_is_public_nested_as_the_standard_says"]),
    (7, "pages add up", &["pages_add_up_and_what_cannot_be_a_page_is_refused"]),
    (8, "walking while things change", &["pages_show_each_entry_once_while_others_come_in_and_change"]),
    (
        9,
        "filters together",
        &[
            "any_two_filters_find_what_both_find_whichever_they_are_in_every_list",
            "filters_narrow_together_whichever_two_are_asked_and_what_is_no_filter_is_refused",
        ],
    ),
    (10, "changed since", &["a_change_of_anything_nested_is_a_change_of_the_service"]),
    (11, "short and whole forms", &["a_real_directory_is_walked_page_by_page_and_line_by_line"]),
    (
        12,
        "line by line",
        &[
            "a_real_directory_is_walked_page_by_page_and_line_by_line",
            "a_list_line_by_line_takes_no_more_memory_than_a_page_and_ends_with_its_reader",
        ],
    ),
    (
        13,
        "queries in bodies",
        &[
            "a_query_in_a_body_is_the_same_query",
            "at_the_loudest_level_the_log_says_nothing_of_what_was_sent",
        ],
    ),
    (14, "a postcode", &["who_asks_for_a_postcode_is_told_what_to_ask_for_instead"]),
    (
        15,
        "what did not change, and other origins",
        &[
            "what_did_not_change_is_not_sent_again_and_other_origins_may_read",
            "pages_of_other_origins_read_every_answer_and_may_send_a_query",
            "answers_go_compressed_to_those_who_take_that_and_are_the_same",
        ],
    ),
    (
        16,
        "a real directory",
        &["a_real_directory_of_thousands_comes_in_whole", "the_legal_aid_directory_is_read_whole"],
    ),
    (
        17,
        "a second time",
        &[
            "a_package_is_looked_at_taken_once_updated_and_forgotten",
            "the_same_row_has_one_digest_whatever_the_order_of_columns_and_line_ends",
            "the_order_of_files_and_rows_changes_nothing",
        ],
    ),
    (
        18,
        "one change",
        &[
            "each_field_that_changed_is_known_with_what_it_was",
            "a_row_that_its_source_no_longer_gives_is_marked_and_comes_back",
        ],
    ),
    (
        19,
        "broken references",
        &[
            "broken_references_are_all_listed_and_what_hangs_on_them_too",
            "a_package_whose_references_are_all_broken_is_stopped",
            "a_package_whose_references_are_all_broken_changes_nothing",
        ],
    ),
    (
        20,
        "ids and encodings",
        &[
            "blank_and_repeated_ids_are_refused_and_other_tables_may_use_the_same",
            "quoted_line_breaks_stay_in_their_cell_and_lines_are_counted_right",
            "odd_encodings_are_refused_clearly",
            "one_table_in_every_encoding_and_with_every_separator_is_one_table",
        ],
    ),
    (
        21,
        "ids of its own",
        &[
            "ids_that_are_uuids_are_kept_and_others_are_made_from_their_source",
            "an_exported_package_holds_to_its_descriptor_and_to_the_one_of_the_standard",
        ],
    ),
    (22, "an older form", &["a_package_of_an_older_form_becomes_one_of_today_and_the_report_says_so"]),
    (
        23,
        "addresses, telephones, coordinates",
        &[
            "an_address_of_a_page_gets_what_it_lacks_when_it_is_one",
            "telephone_numbers_come_without_the_words_around_them",
            "addresses_without_a_scheme_and_words_around_a_number_are_pointed_out_and_kept",
            "odd_coordinates_are_named_and_never_put_on_the_map",
        ],
    ),
    (
        24,
        "bombs and ways out",
        &[
            "no_name_in_a_zip_leads_anywhere",
            "what_grows_beyond_its_limit_is_stopped_while_it_grows_whatever_it_says_of_itself",
            "a_zip_that_is_too_full_encrypted_nested_or_damaged_is_refused_with_its_reason",
            "no_path_leads_out_of_the_folder",
            "a_row_that_does_not_end_and_a_table_that_is_too_wide_are_refused",
            "a_table_of_more_rows_than_its_limit_is_refused",
            "files_and_lines_over_their_limits_are_refused_with_their_reason",
            "a_file_that_grows_while_it_is_read_is_read_no_further_than_its_limit",
            "what_is_nested_without_an_end_is_refused",
            "formulas_stay_text_and_are_pointed_out",
        ],
    ),
    (
        25,
        "markup in texts",
        &[
            "text_from_outside_is_calculated_by_no_spreadsheet_and_obeyed_by_no_page",
            "markup_in_what_came_from_outside_is_text_on_every_page",
        ],
    ),
    (
        26,
        "a look changes nothing, nor what is given up half way",
        &[
            "a_package_is_looked_at_taken_once_updated_and_forgotten",
            "one_service_does_not_come_in_under_two_names",
            "an_import_that_is_killed_half_way_changes_nothing_and_comes_in_whole_the_next_time",
        ],
    ),
    (
        27,
        "out and in again",
        &[
            "a_package_that_is_exported_comes_in_elsewhere_and_goes_out_as_the_same_bytes",
            "services_given_as_objects_come_in_elsewhere_and_go_out_as_the_same_bytes",
            "a_package_goes_from_one_engine_to_the_other_and_back_as_the_same_bytes",
        ],
    ),
    (28, "its descriptor", &["an_exported_package_holds_to_its_descriptor_and_to_the_one_of_the_standard"]),
    (
        29,
        "the profile for those who know the standard only",
        &[
            "a_plain_package_tells_in_words_what_only_the_profile_has_tables_for",
            "documents_tell_whom_a_service_takes_and_colleagues_what_keeps_people_away",
        ],
    ),
    (
        30,
        "who does what where",
        &[
            "the_table_of_who_does_what_where_counts_what_is_there_and_a_sector_by_itself",
            "the_library_of_hxl_reads_and_validates_the_table_of_who_does_what_where",
            "sectors_are_found_through_the_terms_of_a_service",
            "what_is_published_in_any_form_holds_what_everybody_may_see_and_nothing_else",
        ],
    ),
    (
        31,
        "other languages",
        &[
            "a_document_stands_in_the_language_asked_for_and_says_which_texts_do_not",
            "documents_in_another_language_are_valid_by_the_standard",
            "a_service_stands_in_the_language_a_member_asks_for",
            "a_page_stands_in_the_language_asked_for_and_marks_what_does_not",
            "the_nearest_version_stands_and_what_stands_in_its_place_is_marked",
            "a_service_is_found_in_spite_of_accents_mistakes_and_half_words",
        ],
    ),
    (
        32,
        "codes of areas",
        &[
            "every_kind_of_code_loads_and_what_lies_in_what_comes_from_the_list",
            "a_code_that_ended_is_what_took_its_place_and_one_used_again_is_by_date",
            "on_the_day_that_an_area_ends_its_services_are_where_took_its_place",
        ],
    ),
    (33, "near", &["what_is_near_is_what_measuring_every_place_says", "places_are_as_far_apart_as_they_are"]),
    (34, "serves and is in", &["what_serves_an_area_and_what_is_in_it_are_two_questions"]),
    (
        35,
        "three answers",
        &[
            "the_truth_table_of_each_operator",
            "groups_are_alternatives_and_an_exclusion_beats_all_of_them",
            "an_age_changes_on_the_birthday_and_not_the_day_before",
            "silence_and_words_are_never_a_yes_and_never_a_no",
        ],
    ),
    (
        36,
        "examples of the guidance",
        &[
            "a_shelter_for_female_victims_of_trafficking_under_thirty_takes_them_and_asks_about_what_was_not_said",
            "a_service_for_migrants_who_have_not_asked_for_asylum_shuts_those_out_who_have",
            "mary_finds_a_guardian_a_panel_a_school_and_a_permit_and_nothing_that_is_shut_to_her",
            "ibrahim_finds_his_medicines_somebody_to_talk_to_and_a_job_and_nothing_that_is_shut_to_him",
            "the_examples_of_the_guidance_are_found_by_whom_they_take_and_counted_for_whom_they_do_not",
        ],
    ),
    (
        37,
        "opening hours",
        &[
            "rules_mean_the_days_that_calendars_say",
            "it_is_open_from_its_first_minute_to_its_last_on_its_days",
            "a_night_belongs_to_the_day_it_began_on",
            "a_night_in_which_clocks_change_ends_when_the_clock_shows_its_end",
            "between_two_ranges_of_a_day_it_is_closed_and_behind_their_last_day_too",
            "what_is_open_all_day_on_every_day_is_never_closed",
            "a_moment_is_what_the_clock_at_the_place_shows_also_when_clocks_change",
            "what_is_closed_is_left_out_and_what_nobody_knows_is_asked",
        ],
    ),
    (38, "names with a mistake", &["names_with_one_mistake_are_found_in_a_real_directory"]),
    (
        39,
        "scripts",
        &[
            "what_people_type_finds_what_is_written",
            "words_without_blanks_are_found_by_any_part_of_them",
            "a_service_is_found_in_spite_of_accents_mistakes_and_half_words",
            "a_search_finds_what_looking_at_every_word_finds_in_the_same_order",
            "both_databases_find_the_same_with_the_same_scores_in_the_same_order",
        ],
    ),
    (40, "hostile texts", &["no_text_makes_a_search_fail"]),
    (
        41,
        "ranking",
        &[
            "a_service_that_is_better_in_one_thing_and_equal_in_the_rest_stands_before",
            "the_answer_says_why_each_service_stands_where_it_stands",
        ],
    ),
    (
        42,
        "stale entries",
        &[
            "what_nobody_verified_for_long_is_not_suggested_and_says_so_where_it_shows",
            "what_is_printed_and_published_says_how_fresh_each_entry_is",
            "a_service_that_was_not_checked_for_long_or_did_not_fit_says_so_in_list_and_map",
            "a_search_on_the_command_line_says_what_may_not_be_true_any_more",
            "a_verification_holds_for_its_time_and_its_history_is_for_those_concerned",
        ],
    ),
    (
        43,
        "secret places",
        &[
            "where_a_secret_place_is_shows_in_no_answer_and_no_circle_closes_in_on_it",
            "circles_around_any_points_tell_the_middle_of_the_province_and_nothing_nearer",
            "a_secret_place_in_a_province_without_a_middle_is_near_nothing",
            "what_is_said_of_a_secret_place_to_be_served_is_told_as_the_province",
            "what_is_counted_of_areas_counts_nothing_that_is_hidden",
            "the_map_shows_what_the_list_holds_and_no_place_that_is_secret",
            "what_is_counted_counts_what_is_hidden_for_its_provider_alone",
            "what_is_asked_of_something_hidden_is_answered_as_of_something_made_up",
            "a_restricted_service_is_neither_found_nor_hinted_at",
            "a_confidential_place_is_in_no_answer_to_those_it_is_hidden_from",
            "that_a_confidential_place_changed_shows_nowhere",
        ],
    ),
    (
        44,
        "persons",
        &[
            "people_s_names_are_left_out_and_said_so",
            "nothing_of_a_person_is_kept_whatever_they_come_in",
            "what_a_list_holds_stands_in_the_documents_of_its_services_and_no_person_does",
            "a_contact_is_for_members_stands_in_nothing_public_and_is_gone_after_its_day",
            "whom_to_call_where_something_is_kept_secret_is_for_the_provider_and_those_who_keep_the_directory",
            "members_are_told_on_the_page_of_a_service_whom_to_call_and_nobody_else_is",
        ],
    ),
    (
        45,
        "who is told of people",
        &[
            "who_is_told_of_people_is_shown_before_anything_is_sent",
            "a_service_that_reports_people_says_so_in_the_list_in_the_map_and_on_its_page",
            "flows_take_few_clicks_and_bytes_and_outlive_a_network_that_goes_away_in_a_browser",
        ],
    ),
    (
        46,
        "ten times as many: the benchmark works; its figures stand in docs/benchmarks.md, and no test waits for a clock",
        &[
            "a_benchmark_of_the_directory_imports_and_searches_what_it_generated_and_leaves_nothing_behind",
            "a_list_comes_in_in_memory_that_does_not_grow_with_what_stands_in_it",
        ],
    ),
];

fn sources(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn each_number_is_held_by_tests_that_are_there() {
    let (mut all, root) = (String::new(), Path::new(env!("CARGO_MANIFEST_DIR")));
    sources(&root.join("src"), &mut all);
    sources(&root.join("tests"), &mut all);
    for (place, (number, about, tests)) in (1..).zip(DIRECTORY) {
        assert_eq!(place, *number, "{about}");
        assert!(!tests.is_empty(), "{number} {about}");
        for test in *tests {
            assert!(all.contains(&format!("fn {test}(")), "{number} {about}: {test} is gone");
        }
    }
    assert_eq!(DIRECTORY.len(), 46);
}
