//! `throughline directory`

mod areas;
mod contacts;
mod exchange;
mod find;
mod upkeep;

use std::path::PathBuf;

use areas::{areas, import_areas};
use clap::{Subcommand, ValueEnum};
use contacts::Contacts;
use exchange::{export, give, import, package, publish, suggest, taxonomies};
use find::{Wanted, find};
use upkeep::{changes, decide, doubted, doubted_line, drafts, due, link, stand, verifications, verify};

use super::{CliError, Output, block_on, open_hub};
use crate::{
    access::{Actor, Tx},
    config::Settings,
    directory::{
        self, Checked, Decision, DirectoryError, Documents, Form, Link, Meeting, Met, Method, Outcome,
        Publish, Reporting, Sector, SetStanding, SetVisibility, Standing, Tongue, Verified, Visibility,
        areas::AreasWanted, search::Search,
    },
    hub::{Caller, Hub},
    kernel::{
        Code, Fault, Timestamp,
        id::{OrganisationId, RequestId, ServiceId},
        text::Line,
    },
    policy::ServiceCode,
};

#[derive(Subcommand)]
pub(super) enum Directory {
    /// Suggest what the columns of a list of services mean: a map, printed as JSON, to be looked at, corrected and kept.
    #[command(after_help = "Example:
  throughline directory map list.csv > map.json")]
    Map {
        /// A table saved as CSV, with the names of its columns in the first line.
        list: PathBuf,
    },
    /// Import HSDS: a package (datapackage.json and CSV files, in a folder or a zip file, of version 3 or 2.0) or objects of version 3 (.json
    /// or .ndjson); or a list in one CSV file. Looks first and prints a report; --yes then takes it.
    #[command(after_help = "Examples:
  throughline directory import list.csv --map map.json --source mapping-2026
  throughline directory import package/ --source national-list           looks only
  throughline directory import package/ --source national-list --yes     takes it
  throughline directory import package/ --source national-list --visibility public --yes")]
    Import {
        /// The package, a folder or a zip file, the file of objects, or the list.
        from: PathBuf,
        /// What the columns of the list mean; not needed where their names say it.
        #[arg(long)]
        map: Option<PathBuf>,
        /// A name for where it comes from; importing again under the same name updates.
        #[arg(long)]
        source: String,
        /// Who may find services that are new with it: everybody, members, or nobody yet. Others keep what was decided.
        #[arg(long, default_value = "members")]
        visibility: Visibility,
        /// Take it, after the look. Without this nothing is changed.
        #[arg(long)]
        yes: bool,
    },
    /// Say who may find a service, or everything that came from a source: public (everybody, also at /hsds), members, or restricted
    /// (those who keep the directory and the provider). With a source, restricted services stay restricted.
    #[command(after_help = "Examples:
  throughline directory visibility restricted --service svc_…
  throughline directory visibility public --source national-list")]
    Visibility {
        /// From now on.
        visibility: Visibility,
        /// One service.
        #[arg(long, conflicts_with = "source", required_unless_present = "source")]
        service: Option<ServiceId>,
        /// Everything from a source.
        #[arg(long)]
        source: Option<String>,
    },
    /// Look at a package or a list and report; the same as import without --yes.
    #[command(after_help = "Example:
  throughline directory validate package/")]
    Validate {
        /// The package, a folder or a zip file, the file of objects, or the list.
        from: PathBuf,
        /// What the columns of the list mean.
        #[arg(long)]
        map: Option<PathBuf>,
        /// A name for where it comes from.
        #[arg(long, default_value = "look")]
        source: String,
    },
    /// Take in the taxonomies that come with the program: services, populations, barriers, humanitarian sectors, kinds of organisations. Looks
    /// first; --yes then takes them.
    #[command(after_help = "Examples:
  throughline directory taxonomies         looks only
  throughline directory taxonomies --yes   takes them")]
    Taxonomies {
        /// Take them, after the look. Without this nothing is changed.
        #[arg(long)]
        yes: bool,
    },
    /// Forget everything that came from a source.
    #[command(after_help = "Example:
  throughline directory forget national-list")]
    Forget {
        /// The source.
        source: String,
    },
    /// Say which member provides an imported service, and the code to refer with. The link outlives later imports.
    #[command(after_help = "Example:
  throughline directory link svc_… --organisation org_… --code SV12")]
    Link {
        /// The service.
        service: ServiceId,
        /// The member.
        #[arg(long)]
        organisation: OrganisationId,
        /// The service code, such as SV12.
        #[arg(long)]
        code: ServiceCode,
    },
    /// Say how a service was verified, and what came of it. What is found closed is not offered any more.
    #[command(after_help = "Examples:
  throughline directory verify svc_… --method telephone --outcome confirmed --field name --field hours
  throughline directory verify svc_… --method visit --outcome closed --at 2026-03-01T10:00:00Z")]
    Verify {
        /// The service.
        service: ServiceId,
        /// How: telephone, visit, email, provider_update, document or import.
        #[arg(long)]
        method: Method,
        /// What came of it: confirmed, corrected, unreachable or closed.
        #[arg(long)]
        outcome: Outcome,
        /// What was checked; may be given several times.
        #[arg(long = "field")]
        fields: Vec<Checked>,
        /// When; now when left out.
        #[arg(long)]
        at: Option<Timestamp>,
        /// When it is due next; after the period in the settings when left out.
        #[arg(long)]
        next_due: Option<Timestamp>,
    },
    /// Show how a service was verified so far, newest first.
    #[command(after_help = "Example:
  throughline directory verifications svc_…")]
    Verifications {
        /// The service.
        service: ServiceId,
    },
    /// List the countries, provinces and districts that services are in and serve, or import them from a CSV file.
    #[command(after_help = "Examples:
  throughline directory areas                            lists
  throughline directory areas --text lusaka
  throughline directory areas --import areas.csv         looks only
  throughline directory areas --import areas.csv --yes   takes it")]
    Areas {
        /// A CSV file with the columns country, level, code, name, and where needed parent, valid_from, valid_to, replaced_by, latitude,
        /// longitude and names in other languages such as name_fr.
        #[arg(long, value_name = "FILE", conflicts_with_all = ["text", "country", "level"])]
        import: Option<PathBuf>,
        /// Take it, after the look. Without this nothing is changed.
        #[arg(long, requires = "import")]
        yes: bool,
        /// Part of a name or of the code.
        #[arg(long, default_value = "")]
        text: String,
        /// Of this country, such as ZM.
        #[arg(long)]
        country: Option<String>,
        /// Of this level; 0 is countries.
        #[arg(long)]
        level: Option<u8>,
        /// How many at most, 1 to 200.
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// Show what changed of a service and of what belongs to it, field by field, newest first.
    #[command(after_help = "Example:
  throughline directory changes svc_…")]
    Changes {
        /// The service.
        service: ServiceId,
        /// How many at most, 1 to 200.
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// Report what somebody met who went by an entry. After some times that it did not fit, searches leave it out until it is verified.
    #[command(after_help = "Example:
  throughline directory report svc_… closed")]
    Report {
        /// The service.
        service: ServiceId,
        /// reached, unreachable, refused, closed or wrong_information.
        met: Met,
    },
    /// List the services whose entries do not fit what people met, worst first.
    #[command(after_help = "Example:
  throughline directory doubted")]
    Doubted {
        /// How many at most, 1 to 200.
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// List the services that have to be verified: what is due longest first, what nobody verified last.
    #[command(after_help = "Example:
  throughline directory due")]
    Due {
        /// How many at most, 1 to 200.
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// List what providers want their entries to say, and what they offer and is not listed yet.
    #[command(after_help = "Example:
  throughline directory drafts")]
    Drafts,
    /// Take what a provider wants its entry to say, or refuse it with a reason. A service that is offered is listed by this.
    #[command(after_help = "Examples:
  throughline directory decide svc_… --approve --criteria 2026-1
  throughline directory decide svc_… --reject --criteria 2026-1 --reason \"Say who may refer\"")]
    Decide {
        /// The service.
        service: ServiceId,
        /// Take it.
        #[arg(long, conflicts_with = "reject", required_unless_present = "reject")]
        approve: bool,
        /// Refuse it.
        #[arg(long, requires = "reason")]
        reject: bool,
        /// The version of the inclusion criteria that it was held against.
        #[arg(long)]
        criteria: Line<60>,
        /// Why; the provider reads it.
        #[arg(long)]
        reason: Option<Line<500>>,
        /// Who is to find what is offered: public, members or restricted; as its provider asked when left out.
        #[arg(long, requires = "approve")]
        visibility: Option<Visibility>,
    },
    /// Suspend an entry, archive it or take it up again. What is not listed is inactive, no search suggests it, and the public does not see it.
    #[command(after_help = "Examples:
  throughline directory standing svc_… suspended --criteria 2026-1 --reason \"Turned people away\"
  throughline directory standing svc_… listed --criteria 2026-1 --reason \"Reviewed\"")]
    Standing {
        /// The service.
        service: ServiceId,
        /// From now on: suspended, archived or listed.
        standing: Standing,
        /// The version of the inclusion criteria that it was held against.
        #[arg(long)]
        criteria: Line<60>,
        /// Why; the provider reads it.
        #[arg(long)]
        reason: Line<500>,
    },
    /// Take such a link back.
    #[command(after_help = "Example:
  throughline directory unlink svc_…")]
    Unlink {
        /// The service.
        service: ServiceId,
    },
    /// Write what a source gave: as an HSDS package or as HSDS objects, without what is restricted, or what everybody may see as points on a map, as a table
    /// of who does what where with HXL hashtags, or as a page to print.
    #[command(after_help = "Examples:
  throughline directory export national-list package/
  throughline directory export national-list package.zip
  throughline directory export national-list services.ndjson --as ndjson
  throughline directory export national-list places.geojson --as geojson
  throughline directory export national-list 3w.csv --as 3w --area ZM109
  throughline directory export national-list lusaka.html --as print --area Lusaka --lang fr")]
    Export {
        /// The source.
        source: String,
        /// A new or empty folder; a new file that ends with .zip for a package in one file, or for another form.
        to: PathBuf,
        /// In which form.
        #[arg(long = "as", value_enum, default_value = "hsds")]
        form: Exported,
        /// Only places of this country, province, region or town: as addresses name it, or by the name or the code of an area. Not for
        /// packages.
        #[arg(long)]
        area: Option<String>,
        /// Only services of this sector, such as HEA or PRO-HTS. Not for packages.
        #[arg(long)]
        sector: Option<String>,
        /// The areas below the sector too.
        #[arg(long, requires = "sector")]
        below: bool,
        /// The language of a page to print, such as fr or ar, and of nothing else. Texts that there is none of in it are the originals, and marked.
        #[arg(long)]
        lang: Option<Tongue>,
    },
    /// Whom one calls at members: focal points, and who is on call.
    #[command(subcommand)]
    Contacts(Contacts),
    /// List the directory by name.
    #[command(after_help = "Example:
  throughline directory list --members-only")]
    List {
        /// Only what one can refer to through this hub.
        #[arg(long)]
        members_only: bool,
        /// How many at most, 1 to 200.
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// Search the directory, best first. Accents, capitals and small mistakes do not matter; when nothing fits it says why.
    #[command(after_help = "Examples:
  throughline directory search clinic --service SV07
  throughline directory search legal aid --lat -15.42 --lon 28.28 --proximity 20000
  echo '{ \"age\": 16, \"sex\": \"female\", \"population\": [\"PG04\"] }' | throughline directory search shelter --person -")]
    Search(Wanted),
}

/// What an export is written as.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Exported {
    /// An HSDS package.
    Hsds,
    /// An HSDS package of the plain standard: what this project's profile adds is told in words, but for what is for
    /// members.
    Plain,
    /// Services as one page of HSDS objects, with everything nested.
    Json,
    /// The same, one service on each line.
    Ndjson,
    /// Points on a map, for everybody.
    Geojson,
    /// Who does what where, for everybody.
    #[value(name = "3w")]
    WhoDoesWhatWhere,
    /// A page to print, for everybody.
    Print,
}

impl Exported {
    /// Refuses options that a form would take no notice of.
    fn require_taken(self, area: bool, sector: bool, lang: bool) -> Result<(), CliError> {
        let given = [("--area", area), ("--sector", sector), ("--lang", lang)];
        let taken: &[&str] = match self {
            Self::Hsds | Self::Plain | Self::Json | Self::Ndjson => &[],
            Self::Geojson | Self::WhoDoesWhatWhere => &["--area", "--sector"],
            Self::Print => &["--area", "--sector", "--lang"],
        };
        match given.into_iter().find(|(option, is_given)| *is_given && !taken.contains(option)) {
            None => Ok(()),
            Some((option, _)) => Err(CliError::new(
                Code::new("cli.argument", Fault::Malformed),
                format!(
                    "{option} is not for this form; {}",
                    match option {
                        "--lang" => "only a page to print is in a language: --as print",
                        _ => "it is for what everybody may see: --as geojson, 3w or print",
                    }
                ),
            )),
        }
    }
}

impl Directory {
    pub(super) fn run(self, settings: &Settings, output: &Output) -> Result<(), CliError> {
        if let Self::Map { list } = self {
            return suggest(&list, output);
        }
        let hub = open_hub(settings.clone())?;
        let caller = Caller { actor: Actor::operator(), request: RequestId::new(hub.ids(), hub.now()) };
        let outcome = block_on(self.act(&hub, &caller, output));
        hub.store().close();
        outcome?
    }

    async fn act(self, hub: &Hub, caller: &Caller, output: &Output) -> Result<(), CliError> {
        match self {
            Self::Map { list } => suggest(&list, output),
            Self::Import { from, map, source, visibility, yes } => {
                let package = package(&from, map.as_deref(), output)?;
                import(hub, caller, package, (source, yes.then_some(visibility)), output).await
            }
            Self::Validate { from, map, source } => {
                let package = package(&from, map.as_deref(), output)?;
                import(hub, caller, package, (source, None), output).await
            }
            Self::Taxonomies { yes } => taxonomies(hub, caller, yes, output).await,
            Self::Visibility { visibility, service: Some(service), .. } => {
                let was = seen(hub, caller, service).await?;
                let command = SetVisibility { service, version: was.version, visibility };
                let now = hub
                    .write("directory.set_visibility", caller, move |tx| {
                        directory::set_visibility(tx, &command)
                    })
                    .await?;
                output.data(&now, line)
            }
            Self::Visibility { visibility, source, .. } => {
                let source = source.unwrap_or_default();
                let changed = hub
                    .write("directory.set_source_visibility", caller, move |tx| {
                        directory::set_source_visibility(tx, &source, visibility)
                    })
                    .await?;
                output.data(&serde_json::json!({ "services": changed }), |_| {
                    format!("Changed {changed} services.")
                })
            }
            Self::Forget { source } => {
                let gone = hub
                    .write("directory.forget_source", caller, move |tx| directory::forget_source(tx, &source))
                    .await?;
                output.data(&serde_json::json!({ "services": gone }), |_| format!("Forgot {gone} services."))
            }
            Self::Link { service, organisation, code } => {
                link(hub, caller, service, Some(Link { organisation, service: code }), output).await
            }
            Self::Verify { service, method, outcome, fields, at, next_due } => {
                verify(hub, caller, service, Verified { method, outcome, fields, at, next_due }, output).await
            }
            Self::Verifications { service } => verifications(hub, caller, service, output).await,
            Self::Areas { import: Some(list), yes, .. } => {
                import_areas(hub, caller, (&list, yes), output).await
            }
            Self::Areas { text, country, level, limit, .. } => {
                let wanted = AreasWanted { text, country, level, parent: None };
                areas(hub, (wanted, limit), output).await
            }
            Self::Changes { service, limit } => changes(hub, caller, (service, limit), output).await,
            Self::Report { service, met } => {
                let settings = hub.settings().directory.clone();
                let reporting =
                    move |tx: &mut Tx<'_>| directory::report(tx, (service, Meeting { met }), &settings);
                let now = hub.write("directory.report", caller, reporting).await?;
                output.data(&now, doubted_line)
            }
            Self::Drafts => drafts(hub, caller, output).await,
            Self::Decide { service, approve, criteria, reason, visibility, .. } => {
                let decision = Decision { approve, criteria, reason, visibility };
                decide(hub, caller, (service, decision), output).await
            }
            Self::Standing { service, standing, criteria, reason } => {
                stand(hub, caller, (service, SetStanding { standing, criteria, reason }), output).await
            }
            Self::Contacts(contacts) => contacts.act(hub, caller, output).await,
            Self::Doubted { limit } => doubted(hub, caller, limit, output).await,
            Self::Due { limit } => due(hub, caller, limit, output).await,
            Self::Unlink { service } => link(hub, caller, service, None, output).await,
            Self::Export { source, to, form, area, sector, below, lang } => {
                form.require_taken(area.is_some(), sector.is_some(), lang.is_some())?;
                let form = match form {
                    Exported::Hsds | Exported::Plain => {
                        return export(hub, caller, (source, form == Exported::Plain), to, output).await;
                    }
                    Exported::Json => return give(hub, caller, (source, Documents::Page), to, output).await,
                    Exported::Ndjson => {
                        return give(hub, caller, (source, Documents::Lines), to, output).await;
                    }
                    Exported::Geojson => Form::GeoJson,
                    Exported::WhoDoesWhatWhere => Form::WhoDoesWhatWhere,
                    Exported::Print => Form::Print,
                };
                let sector = sector.map(|code| Sector::asked(&code, below)).transpose()?;
                publish(hub, caller, (source, Publish { form, area, sector, lang }), to, output).await
            }
            Self::List { members_only, limit } => {
                find(hub, caller, Search { members_only, doubtful: true, ..Search::default() }, limit, output)
                    .await
            }
            Self::Search(wanted) => {
                let limit = wanted.limit;
                find(hub, caller, wanted.search(hub)?, limit, output).await
            }
        }
    }
}

fn line(service: &directory::Service) -> String {
    let code = service.service.as_ref().map_or("-", |code| code.as_str());
    let told = match service.reports_to_authorities {
        Reporting::Yes => "  tells the authorities",
        Reporting::No | Reporting::Unknown => "",
    };
    format!("{}  {code:<5} {} · {}{told}", service.id, service.name, service.provider)
}

/// The service as it is now.
async fn seen(hub: &Hub, caller: &Caller, service: ServiceId) -> Result<directory::Service, DirectoryError> {
    let (actor, now) = (caller.actor.clone(), hub.now());
    hub.read(move |db| directory::find_service(db, &actor, service, now)).await
}
