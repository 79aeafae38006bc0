//! The fictional country: who is in its mechanism and what they offer. The mechanism is shaped like national ones that exist; nobody in
//! it is.

/// A member of the mechanism.
pub(super) struct Agency {
    /// A word for files and addresses.
    pub(super) short: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// What kind of body it is.
    pub(super) kind: &'static str,
    /// What it does in the mechanism.
    pub(super) does: &'static [&'static str],
    /// Services it offers: code, name, description.
    pub(super) offers: &'static [(&'static str, &'static str, &'static str)],
}

/// Identifies people and refers them.
pub(super) static HARBOUR: Agency = Agency {
    short: "harbour-aid",
    name: "Harbour Aid Association",
    kind: "ngo",
    does: &["identify", "manage_cases"],
    offers: &[(
        "SV22",
        "Case management at the harbour",
        "A case worker who stays with the person from the first day",
    )],
};

/// Treats people.
pub(super) static CLINIC: Agency = Agency {
    short: "lake-clinic",
    name: "Clinic of the Lake",
    kind: "government",
    does: &["provide_services"],
    offers: &[
        ("SV07", "Outpatient clinic", "Primary care and medicines, with or without papers"),
        ("SV08", "Counselling rooms", "Counselling by trained staff, in private"),
    ],
};
