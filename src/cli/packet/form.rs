//! The filled form that is sealed, and what whoever seals it says about it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{super::CliError, unusable};
use crate::{
    consent::{Attached, FormFacts, Narrative, Release, WantedField},
    packets::DraftFile,
    policy::{FieldId, FilledForm, FormValue, JustificationCode, Policy, Shape},
};

#[derive(Args)]
pub(super) struct FormArgs {
    /// The filled form.
    #[arg(long, value_name = "FILE")]
    form: PathBuf,
    /// Folder with the files that the form names.
    #[arg(long, value_name = "FOLDER")]
    attachments: Option<PathBuf>,
    /// Why a field beyond the minimum set is needed: FIELD=JC05. May be given several times.
    #[arg(long = "because", value_name = "FIELD=CODE", value_parser = justification)]
    because: Vec<(FieldId, JustificationCode)>,
    /// The free texts were read again for what they tell beyond need.
    #[arg(long)]
    reviewed: bool,
    /// The files were scanned, and place, device and author were removed from them.
    #[arg(long)]
    cleaned: bool,
    /// How many people here approved it; what is most sensitive needs two.
    #[arg(long, default_value_t = 1)]
    pub(super) approvals: u8,
    /// The worker asked not to be named.
    #[arg(long)]
    pub(super) worker_anonymous: bool,
    /// How many days the packet may wait for its recipient.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u8).range(1..=30))]
    pub(super) days: u8,
    /// Where to write the packet.
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
}

fn justification(text: &str) -> Result<(FieldId, JustificationCode), String> {
    let (field, code) = text.split_once('=').ok_or("expected FIELD=CODE, such as CF.pregnancy=JC05")?;
    let field = field.parse().map_err(|error: crate::policy::NotACode| error.to_string())?;
    Ok((field, code.parse().map_err(|error: crate::policy::NotACode| error.to_string())?))
}

impl FormArgs {
    /// The form, every value of the shape its field has.
    pub(super) fn read(&self, policy: &Policy) -> Result<FilledForm, CliError> {
        Ok(FilledForm::parse(&fs::read(&self.form)?, policy)?)
    }

    /// The fields that are to travel.
    pub(super) fn wanted(&self, form: &FilledForm, policy: &Policy) -> Vec<WantedField> {
        let because =
            |id: &FieldId| self.because.iter().find(|(field, _)| field == id).map(|(_, code)| code.clone());
        let wanted = form.travelling(policy).map(|(field, _)| WantedField {
            id: field.id.clone(),
            compartment: Some(field.compartment.clone()),
            justification: because(&field.id),
        });
        wanted.collect()
    }

    /// What is known of the form beyond the list of its fields.
    pub(super) fn facts(&self, form: &FilledForm, policy: &Policy) -> FormFacts {
        let mut facts = FormFacts { subjects: 1, ..FormFacts::default() };
        for (field, value) in form.travelling(policy) {
            if let (Shape::Prose { .. }, FormValue::Text(text)) = (&field.shape, value) {
                let (field, chars) = (field.id.clone(), text.chars().count());
                facts.narratives.push(Narrative { field, chars, reviewed: self.reviewed });
            }
            for (_, media) in value.files() {
                facts.files.push(Attached {
                    field: field.id.clone(),
                    media_type: media.to_owned(),
                    metadata_removed: self.cleaned,
                    scanned: self.cleaned,
                });
            }
        }
        facts
    }

    /// The values and files of what was released.
    pub(super) fn contents(&self, form: &FilledForm, release: &Release) -> Result<Contents, CliError> {
        let mut contents = Contents::default();
        for released in release.fields().values().flatten() {
            let Some(value) = form.value(&released.field) else { continue };
            let named = value.files();
            if named.is_empty() {
                contents.values.insert(released.field.clone(), value.clone());
            }
            for (name, media) in named {
                contents.files.push(self.file(&released.field, name, media)?);
            }
        }
        Ok(contents)
    }

    fn file(&self, field: &FieldId, name: &str, media: &str) -> Result<DraftFile, CliError> {
        let folder: &Path = self.attachments.as_deref().ok_or_else(|| {
            unusable(format!("the form names a file in {field}; say where it is with --attachments"))
        })?;
        Ok(DraftFile {
            field: field.clone(),
            name: name.to_owned(),
            mime: media.to_owned(),
            bytes: fs::read(folder.join(name))?,
            justification: None,
        })
    }
}

/// What is inside, in clear.
#[derive(Default)]
pub(super) struct Contents {
    /// A value for each field that is no file.
    pub(super) values: BTreeMap<FieldId, FormValue>,
    /// The files.
    pub(super) files: Vec<DraftFile>,
}
