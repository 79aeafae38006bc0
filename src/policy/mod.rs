//! Purposes, categories, fields, services, minimum sets, reasons and timers, as versioned documents; and the numbered codes
//! that say why something may not pass.

pub mod code;
pub mod deny;

pub use code::{
    CategoryCode, CompartmentCode, ConceptCode, FieldId, JustificationCode, Mode, NotACode, OnwardCode,
    PopulationCode, PurposeCode, ReaderRole, ReasonCode, RetentionCode, ServiceCode, UrgencyCode,
};
pub use deny::{Audience, Awaits, Denial, Denials, Deny, NOT_RAISED_YET, WARNINGS_NOT_RAISED_YET, Warning};
