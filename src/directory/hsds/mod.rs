//! Reading HSDS (Open Referral): the tabular form of 3.x, a `datapackage.json` and CSV files, and what is turned into it, packages of 2.0 and
//! objects in JSON.
//!
//! The package is somebody else's: every file, row and cell has a limit, nothing outside the folder is opened, and cells
//! are kept as text whatever they look like. Rows come out in chunks, so that memory holds the ids of a package and one
//! chunk, never the package.

pub(in crate::directory) mod columns;
pub(in crate::directory) mod documents;
mod older;
mod package;
mod read;
mod report;
pub mod tables;
mod zipped;

use std::io;

pub use package::{Made, Package, Remarks, TableFile};
pub(in crate::directory) use read::UNTOLD;
pub use read::{CHUNK, Progress, Row, is_formula, place, read, stable_id};
pub use report::{Alike, Duplicate, LeftOut, Problem, Report, Severity, TableReport, Tally};
pub use zipped::ZipFault;

use crate::kernel::{Code, Coded, Fault};

/// Why a package cannot be read at all. Single bad rows are not errors: they stand in the [`Report`].
#[derive(Debug, thiserror::Error)]
pub enum HsdsError {
    /// No folder, or no descriptor in it.
    #[error("there is no readable datapackage.json here; give the folder or the zip file that holds one")]
    NoPackage {
        /// What the system said.
        source: io::Error,
    },
    /// The descriptor.
    #[error("datapackage.json cannot be used: {0}")]
    Descriptor(String),
    /// One entry of the descriptor.
    #[error("datapackage.json cannot be used: table {table}: {reason}")]
    Resource {
        /// Which table.
        table: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A zip file.
    #[error("the zip file cannot be used: {0}")]
    Zip(#[from] ZipFault),
    /// A file that the descriptor names.
    #[error("the file {file} cannot be read")]
    File {
        /// Which file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file whose form is wrong as a whole.
    #[error("the file {file} cannot be read: {reason}")]
    Form {
        /// Which file.
        file: String,
        /// What is wrong, and what to do.
        reason: String,
    },
}

impl Coded for HsdsError {
    fn code(&self) -> Code {
        match self {
            Self::NoPackage { .. } => Code::new("directory.no_package", Fault::NotFound),
            Self::Descriptor(_) | Self::Resource { .. } => {
                Code::new("directory.bad_descriptor", Fault::Malformed)
            }
            Self::Zip(ZipFault::TooMany | ZipFault::FileTooLarge | ZipFault::AllTooLarge) => {
                Code::new("directory.zip_too_large", Fault::TooLarge)
            }
            Self::Zip(_) => Code::new("directory.bad_zip", Fault::Malformed),
            Self::File { .. } => Code::new("directory.file_unreadable", Fault::NotFound),
            Self::Form { .. } => Code::new("directory.bad_file", Fault::Malformed),
        }
    }
}
