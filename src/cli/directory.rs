//! `throughline directory`

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::{CliError, Output, block_on, files, open_hub};
use crate::{
    access::{Actor, Tx},
    config::Settings,
    directory::{
        self, Change, Checked, Decision, DirectoryError, Documents, Draft, Form, Given, Link, LinkService,
        Meeting, Met, Method, Outcome, Publish, Reporting, Sector, SetVisibility, Target, Verification,
        Verified, Verify, Visibility,
        areas::{Area, AreaMode, AreasWanted, InArea},
        eligibility::{self, Answer, Facts},
        hours::{Open, When},
        hsds::{Package, Report},
        search::{Around, Found, Nothing, Search},
        sheet::{self, Map, Sheet},
    },
    hub::{Caller, Hub},
    kernel::{
        Code, Fault, Timestamp,
        id::{OrganisationId, RequestId, ServiceId},
        page::Asked,
        text::Line,
    },
    policy::ServiceCode,
    storage::Db,
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
    /// List what providers want their entries to say, and wait for.
    #[command(after_help = "Example:
  throughline directory drafts")]
    Drafts,
    /// Take what a provider wants its entry to say, or refuse it with a reason.
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
  throughline directory export national-list 3w.csv --as 3w --area ZM
  throughline directory export national-list lusaka.html --as print --area Lusaka")]
    Export {
        /// The source.
        source: String,
        /// A new or empty folder; a new file that ends with .zip for a package in one file, or for another form.
        to: PathBuf,
        /// In which form.
        #[arg(long = "as", value_enum, default_value = "hsds")]
        form: Exported,
        /// Only places of this country, province, region or town, as addresses name it. Not for packages.
        #[arg(long)]
        area: Option<String>,
        /// Only services of this sector, such as HEA or PRO-HTS. Not for packages.
        #[arg(long)]
        sector: Option<String>,
        /// The areas below the sector too.
        #[arg(long, requires = "sector")]
        below: bool,
    },
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

/// What is searched for.
#[derive(Args)]
pub(super) struct Wanted {
    /// Words in names, provider, labels or description.
    words: Vec<String>,
    /// Latitude of a place in degrees; what is near it.
    #[arg(long, requires = "lon", allow_negative_numbers = true)]
    lat: Option<f64>,
    /// Longitude of that place in degrees.
    #[arg(long, requires = "lat", allow_negative_numbers = true)]
    lon: Option<f64>,
    /// How far from there, in metres; 50000 when left out.
    #[arg(long, requires = "lat")]
    proximity: Option<f64>,
    /// A service code, such as SV07.
    #[arg(long)]
    service: Option<ServiceCode>,
    /// Only where this language is spoken, such as fr.
    #[arg(long)]
    language: Option<String>,
    /// Also what is flagged or stale; confirm it before anybody is referred there.
    #[arg(long)]
    doubtful: bool,
    /// Only what is not closed then, as the clock at the place shows it, such as 2026-03-02T09:30.
    #[arg(long)]
    open_at: Option<When>,
    /// The code of an area; what serves it, or is in it.
    #[arg(long)]
    area: Option<String>,
    /// serves, or located for what is in the area.
    #[arg(long, default_value = "serves")]
    area_mode: AreaMode,
    /// What is known of a person, as JSON, from a file or - for standard input; what is shut to them is left out. It is kept nowhere.
    #[arg(long, value_name = "FILE")]
    person: Option<PathBuf>,
    /// Only what one can refer to through this hub.
    #[arg(long)]
    members_only: bool,
    /// How many at most, 1 to 200.
    #[arg(long, default_value_t = 20)]
    limit: u16,
}

impl Wanted {
    fn search(self, hub: &Hub) -> Result<Search, CliError> {
        Ok(Search {
            text: self.words.join(" "),
            service: self.service,
            members_only: self.members_only,
            around: Around::asked(self.lat, self.lon, self.proximity)?,
            language: self.language,
            area: self.area.map(|code| InArea { code, mode: self.area_mode }),
            person: self.person.map(|from| facts(&from, hub)).transpose()?,
            doubtful: self.doubtful,
            open_at: self.open_at,
            ..Search::default()
        })
    }
}

/// What an export is written as.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Exported {
    /// An HSDS package.
    Hsds,
    /// An HSDS package of the plain standard: what this project's profile adds is told in words.
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
                areas(hub, caller, (wanted, limit), output).await
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
            Self::Decide { service, approve, criteria, reason, .. } => {
                decide(hub, caller, (service, Decision { approve, criteria, reason }), output).await
            }
            Self::Doubted { limit } => doubted(hub, caller, limit, output).await,
            Self::Unlink { service } => link(hub, caller, service, None, output).await,
            Self::Export { source, to, form, area, sector, below } => {
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
                publish(hub, caller, (source, Publish { form, area, sector }), to, output).await
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

async fn find(
    hub: &Hub,
    caller: &Caller,
    search: Search,
    limit: u16,
    output: &Output,
) -> Result<(), CliError> {
    let (actor, asked) = (caller.actor.clone(), Asked::new(Some(limit), None));
    let now = hub.now();
    let found = hub
        .read::<_, DirectoryError>(move |db| directory::search::search(db, &actor, &search, &asked, now))
        .await?;
    output.data(&found, |found| {
        if let Some(nothing) = &found.nothing {
            return why(nothing);
        }
        let shut = found.not_eligible.filter(|shut| *shut > 0);
        let shut = shut.map(|shut| format!("{shut} more are not for this person."));
        found.items.iter().map(found_line).chain(shut).collect::<Vec<_>>().join("\n")
    })
}

fn found_line(found: &Found) -> String {
    let distance = found.fit.and_then(|fit| fit.distance);
    let away = distance.map(|metres| format!("  {:.1} km", metres / 1_000.0)).unwrap_or_default();
    let judged = found.eligibility.as_ref().map(|judged| match judged.answer {
        Answer::Eligible if judged.priority => String::from("  eligible, with priority"),
        Answer::Eligible => String::from("  eligible"),
        Answer::NotEligible => String::from("  not eligible"),
        Answer::NotKnown if judged.decided_by.is_empty() => {
            String::from("  ask: says nothing of whom it takes")
        }
        Answer::NotKnown => {
            let asks: Vec<&str> = judged.decided_by.iter().map(|rule| rule.text.as_str()).collect();
            format!("  ask: {}", asks.join("; "))
        }
    });
    let hours = match found.hours {
        Some(Open::Open) => "  open",
        Some(Open::NotKnown) => "  ask when it is open",
        Some(Open::Closed) | None => "",
    };
    format!("{}{away}{hours}{}", line(&found.service), judged.unwrap_or_default())
}

/// The longest file of facts in bytes.
const FACTS_MAX: u64 = 16 * 1024;

/// What is known of a person, out of a file or standard input.
fn facts(from: &Path, hub: &Hub) -> Result<Facts, CliError> {
    let text = if from == Path::new("-") {
        let mut said = String::new();
        std::io::stdin().take(FACTS_MAX).read_to_string(&mut said)?;
        said
    } else {
        files::beginning(from, FACTS_MAX)?
    };
    let asked: eligibility::Asked = serde_json::from_str(&text).map_err(|reason| {
        // Where it is wrong, and nothing of what it says.
        let at = format!("line {}, column {}", reason.line(), reason.column());
        CliError::new(
            Code::new("directory.bad_facts", Fault::Malformed),
            format!(
                "what is known of the person cannot be read at {at}; see the API's description of PersonFacts"
            ),
        )
    })?;
    Ok(asked.facts(hub.now().datetime().date_naive()).map_err(DirectoryError::from)?)
}

/// Why nothing was found, in sentences.
fn why(nothing: &Nothing) -> String {
    let mut lines = vec![String::from("Nothing found.")];
    lines.extend(nothing.without.iter().map(|without| {
        let what = match (without.filter, &without.word) {
            ("word", Some(word)) => format!("the word {word}"),
            ("text", _) => String::from("any words"),
            ("proximity", _) => String::from("--lat, --lon and --proximity"),
            ("person", _) => String::from("what was said of the person"),
            (filter, _) => format!("--{}", filter.replace('_', "-")),
        };
        format!("Without {what} there would be {}.", without.services)
    }));
    if let Some(wider) = &nothing.wider {
        lines.push(format!("Within {:.0} m there would be {}.", wider.proximity, wider.services));
    }
    lines.push(format!("There are {} to be found altogether.", nothing.services));
    lines.push(String::from(
        "If nobody can help, a member records it without a word about the person: throughline need record",
    ));
    lines.join("\n")
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

async fn verify(
    hub: &Hub,
    caller: &Caller,
    service: ServiceId,
    found: Verified,
    output: &Output,
) -> Result<(), CliError> {
    let was = seen(hub, caller, service).await?;
    let command = Verify { service, version: was.version, found };
    let settings = hub.settings().directory.clone();
    let verifying = move |tx: &mut Tx<'_>| directory::verify(tx, &command, &settings);
    let now = hub.write("directory.verify", caller, verifying).await?;
    output.data(&now, line)
}

async fn verifications(
    hub: &Hub,
    caller: &Caller,
    service: ServiceId,
    output: &Output,
) -> Result<(), CliError> {
    let (actor, asked, now) = (caller.actor.clone(), Asked::new(Some(200), None), hub.now());
    let page = hub
        .read::<_, DirectoryError>(move |db| directory::verifications(db, &actor, (service, &asked), now))
        .await?;
    output.data(&page, |page| page.items.iter().map(verification_line).collect::<Vec<_>>().join("\n"))
}

fn verification_line(kept: &Verification) -> String {
    let fields: Vec<&str> = kept.fields.iter().map(|field| field.name()).collect();
    let due = kept.next_due.map(|due| format!(", next by {due}")).unwrap_or_default();
    format!(
        "{}  {} by {}: {}{due}  {}",
        kept.at,
        kept.outcome.name(),
        kept.method.name(),
        fields.join(" "),
        kept.by
    )
}

async fn changes(
    hub: &Hub,
    caller: &Caller,
    (service, limit): (ServiceId, u16),
    output: &Output,
) -> Result<(), CliError> {
    let (actor, asked, now) = (caller.actor.clone(), Asked::new(Some(limit), None), hub.now());
    let page = hub
        .read::<_, DirectoryError>(move |db| directory::changes(db, &actor, (service, &asked), now))
        .await?;
    output.data(&page, |page| {
        if page.items.is_empty() {
            return String::from("Nothing changed since it was entered.");
        }
        page.items.iter().map(change_line).collect::<Vec<_>>().join("\n")
    })
}

fn change_line(change: &Change) -> String {
    let Change { at, table, field, before, after, by, .. } = change;
    format!("{at}  {table}.{field}: {before:?} → {after:?}  {by}")
}

async fn drafts(hub: &Hub, caller: &Caller, output: &Output) -> Result<(), CliError> {
    let (actor, asked) = (caller.actor.clone(), Asked::new(Some(200), None));
    let page = hub.read::<_, DirectoryError>(move |db| directory::drafts(db, &actor, &asked)).await?;
    output.data(&page, |page| {
        if page.items.is_empty() {
            return String::from("No draft waits.");
        }
        page.items.iter().map(draft_line).collect::<Vec<_>>().join("\n")
    })
}

fn draft_line(draft: &Draft) -> String {
    let cells = draft.edit.service.iter().map(|(column, cell)| format!("{column}: {cell}"));
    let tables = draft.edit.parts.iter().map(|(table, rows)| format!("{table}: {} rows", rows.len()));
    format!("{}  {}", draft.service, cells.chain(tables).collect::<Vec<_>>().join("; "))
}

async fn decide(
    hub: &Hub,
    caller: &Caller,
    (service, decision): (ServiceId, Decision),
    output: &Output,
) -> Result<(), CliError> {
    let (actor, now) = (caller.actor.clone(), hub.now());
    let draft =
        hub.read::<_, DirectoryError>(move |db| directory::find_draft(db, &actor, service, now)).await?;
    let settings = hub.settings().directory.clone();
    let deciding =
        move |tx: &mut Tx<'_>| directory::decide(tx, (service, draft.version), (&decision, &settings));
    let now = hub.write("directory.decide", caller, deciding).await?;
    output.data(&now, line)
}

async fn doubted(hub: &Hub, caller: &Caller, limit: u16, output: &Output) -> Result<(), CliError> {
    let (actor, asked, now) = (caller.actor.clone(), Asked::new(Some(limit), None), hub.now());
    let page = hub.read::<_, DirectoryError>(move |db| directory::doubted(db, &actor, &asked, now)).await?;
    output.data(&page, |page| {
        if page.items.is_empty() {
            return String::from("Every entry fits what people met.");
        }
        page.items.iter().map(doubted_line).collect::<Vec<_>>().join("\n")
    })
}

fn doubted_line(service: &directory::Service) -> String {
    let flagged = if service.upkeep.flagged_at.is_some() { "  flagged" } else { "" };
    format!("{}  did not fit {} times{flagged}", line(service), service.upkeep.mismatches)
}

async fn link(
    hub: &Hub,
    caller: &Caller,
    service: ServiceId,
    link: Option<Link>,
    output: &Output,
) -> Result<(), CliError> {
    let was = seen(hub, caller, service).await?;
    let command = LinkService { service, version: was.version, link };
    let policy = hub.policy();
    let linking = move |tx: &mut Tx<'_>| directory::link_service(tx, &command, &policy);
    let now = hub.write("directory.link", caller, linking).await?;
    output.data(&now, line)
}

async fn export(
    hub: &Hub,
    caller: &Caller,
    (source, is_plain): (String, bool),
    to: PathBuf,
    output: &Output,
) -> Result<(), CliError> {
    let is_zip = to.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"));
    let target = if is_zip { Target::zip(files::create_new(&to)?) } else { empty_folder(&to)? };
    let actor = caller.actor.clone();
    let exporting = move |db: &mut Db<'_>| {
        if is_plain {
            directory::export_plain(db, &actor, &source, target)
        } else {
            directory::export(db, &actor, &source, target)
        }
    };
    let written = hub.read::<_, DirectoryError>(exporting).await;
    // Nothing half written stays behind.
    let written = written.inspect_err(|_error| {
        if is_zip {
            drop(std::fs::remove_file(&to));
        }
    })?;
    output.data(&written, |written| {
        let rows: u64 = written.values().sum();
        format!("Wrote {rows} rows of {} tables to {}.", written.len(), to.display())
    })
}

fn empty_folder(folder: &Path) -> Result<Target, CliError> {
    files::make_folder(folder)?;
    if !files::names_in(folder)?.is_empty() {
        return Err(CliError::new(
            Code::new("directory.folder_not_empty", Fault::Conflict),
            format!("{} is not empty; name a new folder", folder.display()),
        ));
    }
    Ok(folder.into())
}

async fn give(
    hub: &Hub,
    caller: &Caller,
    (source, form): (String, Documents),
    to: PathBuf,
    output: &Output,
) -> Result<(), CliError> {
    let file = files::create_new(&to)?;
    let actor = caller.actor.clone();
    let giving = move |db: &mut Db<'_>| {
        directory::give(db, &actor, (&source, form), &mut std::io::BufWriter::new(file))
    };
    let given = hub.read::<_, DirectoryError>(giving).await;
    // Nothing half written stays behind.
    let written = given.inspect_err(|_error| drop(std::fs::remove_file(&to)))?;
    output.data(&serde_json::json!({ "services": written }), |_| {
        format!("Wrote {written} services to {}.", to.display())
    })
}

async fn publish(
    hub: &Hub,
    caller: &Caller,
    (source, what): (String, Publish),
    to: PathBuf,
    output: &Output,
) -> Result<(), CliError> {
    let file = files::create_new(&to)?;
    let (actor, now) = (caller.actor.clone(), hub.now());
    let publishing = move |db: &mut Db<'_>| {
        directory::publish(db, &actor, (&source, &what, now), &mut std::io::BufWriter::new(file))
    };
    let published = hub.read::<_, DirectoryError>(publishing).await;
    // Nothing half written stays behind.
    let written = published.inspect_err(|_error| drop(std::fs::remove_file(&to)))?;
    output.data(&serde_json::json!({ "places": written }), |_| {
        format!("Wrote {written} services at places to {}.", to.display())
    })
}

fn suggest(list: &Path, output: &Output) -> Result<(), CliError> {
    let suggestion = Map::suggest(&Sheet::open(list)?);
    for unclear in &suggestion.unclear {
        output.say(unclear);
    }
    output.data(&suggestion.map, |_| String::new())
}

/// The package in a folder, or the one that a list makes.
fn package(from: &Path, map: Option<&Path>, output: &Output) -> Result<Package, CliError> {
    let ends = |with| from.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(with));
    if map.is_none() && (!from.is_file() || ["json", "ndjson", "jsonl", "zip"].into_iter().any(ends)) {
        return Ok(Package::open(from)?);
    }
    let given = map.map(read_map).transpose()?;
    let is_given = given.is_some();
    let (package, map) = sheet::package(Sheet::open(from)?, given)?;
    if !is_given && let Ok(text) = serde_json::to_string_pretty(&map) {
        output.say(format!("The names of the columns say what they mean:\n{text}"));
    }
    Ok(package)
}

fn read_map(path: &Path) -> Result<Map, CliError> {
    Ok(Map::parse(files::beginning(path, MAP_MAX)?.as_bytes())?)
}

async fn import(
    hub: &Hub,
    caller: &Caller,
    package: Package,
    (source, take): (String, Option<Visibility>),
    output: &Output,
) -> Result<(), CliError> {
    let package = Arc::new(package);
    let bar = bar(output, package.bytes(), "looking");
    let (actor, shown, from, looked_at) =
        (caller.actor.clone(), bar.clone(), source.clone(), Arc::clone(&package));
    let now = hub.now();
    let report = hub
        .read::<_, DirectoryError>(move |db| {
            directory::dry_run(db, &actor, (&looked_at, &from, now), &mut |p| shown.set_position(p.bytes))
        })
        .await?;
    bar.finish_and_clear();
    let differs = report.changes() > 0 || report.missing() > 0;
    let Some(visibility) = take.filter(|_| report.stopped.is_none() && differs) else {
        return tell(&report, false, output);
    };
    let bar = self::bar(output, package.bytes(), "importing");
    let shown = bar.clone();
    let report = hub
        .write("directory.import", caller, move |tx| {
            let given = Given { package: &package, source: &source, visibility };
            directory::import(tx, given, &mut |p| shown.set_position(p.bytes))
        })
        .await?;
    bar.finish_and_clear();
    tell(&report, true, output)
}

async fn areas(
    hub: &Hub,
    caller: &Caller,
    (wanted, limit): (AreasWanted, u16),
    output: &Output,
) -> Result<(), CliError> {
    let (actor, asked) = (caller.actor.clone(), Asked::new(Some(limit), None));
    let today = hub.now().datetime().date_naive();
    let page = hub
        .read::<_, DirectoryError>(move |db| directory::areas::areas(db, &actor, (&wanted, &asked), today))
        .await?;
    output.data(&page, |page| {
        if page.items.is_empty() {
            return String::from(
                "There are none. They come in with throughline directory areas --import FILE",
            );
        }
        page.items.iter().map(area_line).collect::<Vec<_>>().join("\n")
    })
}

fn area_line(area: &Area) -> String {
    format!("{}  {}", area.key, area.name)
}

/// Takes a list of areas, and works out anew where services are.
async fn import_areas(
    hub: &Hub,
    caller: &Caller,
    (list, take): (&Path, bool),
    output: &Output,
) -> Result<(), CliError> {
    let sheet = Arc::new(Sheet::open(list)?);
    let (actor, looked_at) = (caller.actor.clone(), Arc::clone(&sheet));
    let report = hub
        .read::<_, DirectoryError>(move |db| directory::areas::look_at_areas(db, &actor, &looked_at))
        .await?;
    if !take || report.stopped.is_some() || report.changes() == 0 {
        return tell(&report, false, output);
    }
    let importing = move |tx: &mut Tx<'_>| directory::areas::import_areas(tx, &sheet);
    let report = hub.write("directory.import_areas", caller, importing).await?;
    output.say("working out where services are");
    while hub.tend("directory.enter_searched", directory::search::enter_searched).await? {}
    tell(&report, true, output)
}

fn bar(output: &Output, bytes: u64, what: &'static str) -> ProgressBar {
    if output.is_json() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {percent}% {eta}");
    ProgressBar::new(bytes)
        .with_style(style.unwrap_or_else(|_ignored| ProgressStyle::default_bar()))
        .with_message(what)
}

fn tell(report: &Report, taken: bool, output: &Output) -> Result<(), CliError> {
    output.data(&serde_json::json!({ "imported": taken, "report": report }), |_| {
        let mut lines = vec![format!(
            "{:<24} {:>8} {:>8} {:>8} {:>9} {:>8} {:>8}",
            "table", "rows", "new", "changed", "unchanged", "refused", "missing"
        )];
        lines.extend(report.tables.iter().map(|t| {
            format!(
                "{:<24} {:>8} {:>8} {:>8} {:>9} {:>8} {:>8}",
                t.table, t.rows, t.new, t.changed, t.unchanged, t.refused, t.missing
            )
        }));
        lines.extend(report.problems.iter().take(20).map(|p| {
            let line = p.line.map(|line| format!(" line {line}")).unwrap_or_default();
            let column = p.column.as_ref().map(|column| format!(" \"{column}\"")).unwrap_or_default();
            format!("{}{line}{column}: {} {}", p.table, p.what, p.remedy)
        }));
        if report.problems.len() > 20 {
            lines.push(format!("… and {} more; --json lists them", report.problems.len().saturating_sub(20)));
        }
        lines.extend(report.read_as.map(|form| format!("read as {form}")));
        lines.extend(report.left_out.iter().map(|left| format!("left out: {}: {}", left.table, left.reason)));
        let (changes, missing) = (report.changes(), report.missing());
        lines.push(match (&report.stopped, taken) {
            (Some(reason), _) => format!("Nothing was imported: {reason}"),
            (None, true) => format!("Imported: {changes} rows are new or changed, {missing} are marked as missing."),
            (None, false) if changes == 0 && missing == 0 => {
                String::from("Everything is there already; nothing to import.")
            }
            (None, false) => format!(
                "Nothing was changed. {changes} rows would be new or changed and {missing} marked as missing; add --yes to take that."
            ),
        });
        lines.join("\n")
    })
}

/// More of a map than may be is refused by who reads it.
const MAP_MAX: u64 = 2 * 1024 * 1024;
