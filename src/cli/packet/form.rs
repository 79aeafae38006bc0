//! The filled form that is sealed, and what whoever seals it says about it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{
    super::{CliError, files},
    unusable,
};
use crate::{
    consent::{Attached, FieldSource, FormFacts, Narrative, Release, WantedField},
    packets::DraftFile,
    policy::{Field, FieldId, FilledForm, FormValue, JustificationCode, Policy, Shape},
};

#[derive(Args)]
pub(super) struct FormArgs {
    /// The filled form.
    #[arg(long, value_name = "FILE")]
    form: PathBuf,
    #[command(flatten)]
    pub(super) said: Said,
}

/// What whoever seals says about it.
#[derive(Args)]
pub(super) struct Said {
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
        filled(&self.form, policy)
    }
}

impl Said {
    /// The fields that are to travel.
    pub(super) fn wanted<'f>(
        &self,
        travelling: impl Iterator<Item = (&'f Field, &'f FormValue)>,
    ) -> Vec<WantedField> {
        travelling.map(|(field, _)| self.field(field, None)).collect()
    }

    /// A field that is to travel.
    pub(super) fn field(&self, field: &Field, source: Option<FieldSource>) -> WantedField {
        let because = self.because.iter().find(|(id, _)| *id == field.id);
        WantedField {
            id: field.id.clone(),
            compartment: Some(field.compartment.clone()),
            justification: because.map(|(_, code)| code.clone()),
            source,
        }
    }

    /// What is known of what travels beyond the list of its fields.
    pub(super) fn facts<'f>(
        &self,
        travelling: impl Iterator<Item = (&'f Field, &'f FormValue)>,
    ) -> FormFacts {
        let mut facts = FormFacts { subjects: 1, ..FormFacts::default() };
        for (field, value) in travelling {
            if let (Shape::Prose { .. }, FormValue::Text(text)) = (&field.shape, value) {
                let (field, chars) = (field.id.clone(), text.chars().count());
                facts.narratives.push(Narrative { field, chars, reviewed: self.reviewed });
            }
            facts.files.extend(value.files().into_iter().map(|(_, media)| self.attached(&field.id, media)));
        }
        facts
    }

    /// What is known of a file that travels.
    pub(super) fn attached(&self, field: &FieldId, media: &str) -> Attached {
        Attached {
            field: field.clone(),
            media_type: media.to_owned(),
            metadata_removed: self.cleaned,
            scanned: self.cleaned,
        }
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
            bytes: files::bytes(folder.join(name))?,
            justification: None,
        })
    }
}

/// A filled form.
pub(super) fn filled(file: &Path, policy: &Policy) -> Result<FilledForm, CliError> {
    Ok(FilledForm::parse(&files::bytes(file)?, policy)?)
}

/// What is inside, in clear.
#[derive(Default)]
pub(super) struct Contents {
    /// A value for each field that is no file.
    pub(super) values: BTreeMap<FieldId, FormValue>,
    /// The files.
    pub(super) files: Vec<DraftFile>,
}
