//! Settings: one compiled-in file of defaults, a file and the environment on top.
//!
//! # Invariants
//!
//! - Every setting stands in `config/default.toml`, with a comment that says what it is; units are in its name.
//! - Loading reports every complaint at once, each with the name of the setting and what would be right.
//! - Nothing else in the program reads the environment.

mod load;
mod networks;
mod ranges;
mod roles;
mod sections;

pub use load::{Complaint, ConfigError, DEFAULTS, load, load_with};
pub use networks::{Networks, NotNetworks};
pub use roles::{NotRoleNames, RoleNames};
pub use sections::{
    Access, Complaints, Database, DirectorySettings, Jobs, Limits, Log, LogFormat, NodeSettings,
    PolicySettings, Server, Settings,
};
