//! What can go wrong with policy documents and filled forms.

use serde_json::{Map, Value, json};

use crate::kernel::{Code, Coded, Fault};

use super::{
    deny::{Denial, Denials, Deny},
    form::Complaint,
};

/// An error of the policy room.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Documents contradict themselves or one another.
    #[error("the policy documents do not hold together: {}", .complaints.join("; "))]
    Inconsistent {
        /// Everything that is wrong.
        complaints: Vec<String>,
    },
    /// A profile loosens what it may only tighten, or names what does not exist.
    #[error(
        "the policy's profile cannot be applied, because a profile may only tighten what is there: {}. Mend it, or leave it out",
        .complaints.join("; ")
    )]
    Profile {
        /// Everything that is wrong.
        complaints: Vec<String>,
    },
    /// A profile cannot be read.
    #[error(
        "the profile {path} cannot be read ({problem}); policy.profiles names a file, a folder with *.json files, or nothing"
    )]
    Unreadable {
        /// Where it should be.
        path: String,
        /// Why not.
        problem: String,
    },
    /// A filled form is not a document of the expected form.
    #[error("the filled form cannot be read: {reason}")]
    FormUnreadable {
        /// What is wrong, without anything of what the form holds.
        reason: String,
    },
    /// A filled form holds what it must not.
    #[error("the filled form was not taken: {} complaints", .complaints.len())]
    FormRefused {
        /// Everything that is wrong.
        complaints: Vec<Complaint>,
    },
}

impl PolicyError {
    /// The deny codes among the complaints about a form.
    pub fn denials(&self) -> Denials {
        let Self::FormRefused { complaints } = self else { return Denials::none() };
        complaints
            .iter()
            .filter_map(|complaint| match complaint {
                Complaint::Refused { field, deny } => Some(Denial::new(*deny).fields([field.clone()])),
                Complaint::UnknownField { field } => Some(Denial::new(Deny::D012).fields([field.clone()])),
                Complaint::NotAFieldId
                | Complaint::UnknownForm
                | Complaint::WrongVersion { .. }
                | Complaint::OfAnotherForm { .. }
                | Complaint::Repeated { .. }
                | Complaint::WrongValue { .. }
                | Complaint::TooMany { .. }
                | Complaint::TooManyFields { .. } => None,
            })
            .collect()
    }
}

impl Coded for PolicyError {
    fn code(&self) -> Code {
        match self {
            Self::Inconsistent { .. } => Code::new("policy.documents_inconsistent", Fault::Internal),
            Self::Profile { .. } => Code::new("policy.profile_refused", Fault::Refused),
            Self::Unreadable { .. } => Code::new("policy.profile_unreadable", Fault::Malformed),
            Self::FormUnreadable { .. } => Code::new("policy.form_unreadable", Fault::Malformed),
            Self::FormRefused { .. } => Code::new("policy.form_refused", Fault::Refused),
        }
    }

    fn facts(&self) -> Option<Map<String, Value>> {
        let Self::FormRefused { complaints } = self else { return None };
        let complaints: Vec<_> = complaints.iter().map(ToString::to_string).collect();
        let mut facts = Map::new();
        facts.insert(String::from("complaints"), json!(complaints));
        facts.insert(String::from("denials"), json!(self.denials()));
        Some(facts)
    }
}
