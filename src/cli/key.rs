//! `throughline key`

pub(super) mod people;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    CliError, Output, block_on,
    client::HubClient,
    files,
    home::{self, Connection, Home, HomeArgs, Keyring},
    known::{OwnStatements, Whose, own_statements, trust},
    policy,
};
use crate::{
    crypto::{DecryptionKey, Kid, Passphrase, PublicJwk, SigningKey, Typ, sign_compact},
    custody::root_code,
    kernel::{
        Code, Digest, Fault, Timestamp,
        id::{ClientId, OrganisationId, SystemIds},
        time::{Clock, SystemClock},
    },
    members::{KeyState, LEAST_PASSPHRASE, StatedKey, Statement},
    policy::Policy,
};

/// How long a key lives, in days, when the policy asks for nothing shorter: rotate it within a year.
const LIFE_DAYS: u32 = 365;

/// How long before its end a key is renewed, in days: the pages begin to warn then.
const RENEWED_DAYS: i64 = 60;

/// The organisation's keys. They stay in the gateway's home, wrapped under a passphrase; the hub never sees them.
#[derive(Args)]
#[command(after_help = "From nothing to keys that partners can use:
  throughline key init                                           give root.jwk and client.jwk to the coordinator
  throughline key connect --hub https://… --organisation org_… --client cli_…
  throughline key publish
Within a year, and when pages say that keys end:
  throughline key renew
When somebody who had access leaves:
  throughline key rotate sign
People who work in a browser:
  throughline key people
  throughline key admit stf_… --code …")]
pub(super) struct Key {
    #[command(flatten)]
    home: HomeArgs,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make a home with new keys, and write the two public keys that the coordinator enrols: root.jwk and client.jwk.
    #[command(after_help = "Examples:
  throughline key init
  throughline key init --reader intake --reader medical     only these reader roles")]
    Init {
        /// Reader roles to make keys for; by default all that the field dictionary knows.
        #[arg(long = "reader")]
        readers: Vec<String>,
    },
    /// Remember which hub this gateway belongs to, with the ids the coordinator gave back.
    #[command(after_help = "Examples:
  throughline key connect --hub https://hub.example --organisation org_… --client cli_…
  throughline key connect --hub https://hub.example --organisation org_… --client cli_… --identity /etc/gateway.pem")]
    Connect {
        /// Address of the hub.
        #[arg(long)]
        hub: String,
        /// The organisation's id.
        #[arg(long)]
        organisation: OrganisationId,
        /// The machine client's id.
        #[arg(long)]
        client: ClientId,
        /// Certificates in PEM that the hub's must hang on, instead of those this machine trusts.
        #[arg(long, value_name = "FILE")]
        hub_ca: Option<PathBuf>,
        /// Certificate chain and key in PEM, in one file, for a hub that asks who connects (its server.client_ca).
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
    },
    /// List the keys of this home by role and thumbprint.
    #[command(after_help = "Example:
  throughline key list --json")]
    List,
    /// Publish a signed statement of the public keys at the hub. Run it after init and after every change.
    #[command(after_help = "Example:
  throughline key publish")]
    Publish,
    /// Make a new key for a role (sign, or a reader role), retire the old one, and publish. With `client`: make a new key for the
    /// machine client and write client.jwk, which the coordinator or an administrator registers.
    #[command(after_help = "Examples:
  throughline key rotate medical
  throughline key rotate client        then, when the new client's id comes back: throughline key connect …")]
    Rotate {
        /// The role.
        role: String,
    },
    /// Renew what ends within sixty days, or has ended: keys of people and their devices go on for another year, as the same keys; in the
    /// place of this home's signing and reader keys come new ones, which everybody gets who had the old. Run it again when it broke off.
    #[command(after_help = "Example, once a month:
  throughline key renew")]
    Renew,
    /// Revoke a key that somebody else may have, put a new one in the place of one in use, and publish. What was signed with it and
    /// received before it was compromised stands; everything later is refused.
    #[command(after_help = "Examples:
  throughline key revoke sign --compromised-at 2026-03-01T22:00:00Z
  throughline key revoke medical
  throughline key revoke 2uVbQZ…       an older key, by the thumbprint that key history shows

Revoke everything a lost or stolen gateway held: sign, then each reader role that key list shows. Then tell the coordinator, who
revokes its client. When the root key was lost as well: make a new home (key init), and the coordinator runs member replace-root.")]
    Revoke {
        /// The role, or the thumbprint of an older key.
        #[arg(allow_hyphen_values = true, value_parser = role_or_thumbprint)]
        key: String,
        /// From when on somebody else may have had it. Without it, from now.
        #[arg(long, value_name = "TIME")]
        compromised_at: Option<Timestamp>,
    },
    /// Show every key the organisation ever published, with its state.
    #[command(after_help = "Example:
  throughline key history --json")]
    History,
    /// Remember a root key of an organisation (its own as well), or the node's receipt key, after you compared its thumbprint outside of
    /// the hub. The hub's word alone does not change whose signatures this gateway believes.
    #[command(
        after_help = "Examples, after an organisation's root key was replaced and they read you the new thumbprint:
  throughline key trust org_… 2uVbQZ…
In a new home, for the root key that your organisation had before, from your own papers:
  throughline key trust org_… 9fXc1T…"
    )]
    Trust {
        /// The organisation's id, or node.
        whose: Whose,
        /// The thumbprint.
        #[arg(allow_hyphen_values = true)]
        thumbprint: Kid,
    },
    /// List the people of this organisation who work in a browser: whose keys wait to be confirmed, and which are to be revoked.
    #[command(after_help = "Example:
  throughline key people --json")]
    People,
    /// Confirm a person's device, after they read you the code on their key page over another channel, and hand them the keys they need.
    /// What the hub shows as a person's key could be another one: the code is compared here, and nothing is handed out without it.
    #[command(after_help = "Examples:
  throughline key admit stf_… --code 4K7Q-X9M2-PC6D
  throughline key admit stf_… --code 4K7Q-X9M2-PC6D --reader medical      reads what is for health staff as well
  throughline key admit stf_… --code 4K7Q-X9M2-PC6D --holder             can confirm others, and answers for it")]
    Admit(people::Admit),
    /// Revoke the devices that people gave up and the keys of those who left; when somebody left, make new reader keys and hand them to those
    /// who stay.
    #[command(after_help = "Example, after an administrator removed somebody:
  throughline key clear-out")]
    ClearOut,
    /// Change the passphrase that the keys and the consent records of this home lie under. Copies keep the old one: make new ones.
    #[command(after_help = "Example:
  throughline key passphrase --new-passphrase-file /run/secrets/new

A lost passphrase cannot be replaced, by nobody: make a new home (key init), and the coordinator runs member replace-root.")]
    Passphrase {
        /// File whose first line is the new passphrase; without it the new passphrase is asked for, twice.
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
}

impl Key {
    pub(super) fn run(self, output: &Output) -> Result<(), CliError> {
        let home = Home::at(&self.home);
        match self.what {
            What::Init { readers } => init(&home, &self.home, readers, output),
            What::Connect { hub, organisation, client, hub_ca, identity } => {
                let connection = Connection {
                    hub: Some(hub.trim_end_matches('/').to_owned()),
                    organisation: Some(organisation),
                    client: Some(client),
                    hub_ca: hub_ca.map(std::path::absolute).transpose()?,
                    identity: identity.map(std::path::absolute).transpose()?,
                };
                home.connect(&connection)?;
                output.data(&connection, |_| String::from("Connected. Next: throughline key publish"))
            }
            What::List => {
                let keyring = home.keyring(&home.passphrase("Passphrase: ")?)?;
                let organisation = home.connection().ok().and_then(|connection| connection.organisation);
                output.data(&list(&keyring), |keys| {
                    let keys = keys.iter().map(|(role, kid)| format!("{role:<18} {kid}"));
                    // What people type whose browsers saw another root key before.
                    let aloud = organisation.map(|organisation| {
                        format!("{:<18} {}", "root, read aloud", root_code(organisation, keyring.root.kid()))
                    });
                    keys.chain(aloud).collect::<Vec<_>>().join("\n")
                })
            }
            What::Publish => {
                let keyring = home.keyring(&home.passphrase("Passphrase: ")?)?;
                let seq = block_on(publish(&home, &keyring))??;
                output.data(&json!({ "seq": seq }), |_| format!("Published statement {seq}."))
            }
            What::Rotate { role } if role == "client" => new_client_key(&home, &self.home, output),
            What::Rotate { role } => rotate(&home, &role, output),
            What::Renew => block_on(people::renew_all(&home, output))?,
            What::Revoke { key, compromised_at } => revoke(&home, &key, compromised_at, output),
            What::History => {
                let keyring = home.keyring(&home.passphrase("Passphrase: ")?)?;
                let keys = block_on(history(&home, &keyring))??;
                output.data(&keys, |keys| {
                    let lines = keys
                        .iter()
                        .map(|key| format!("{:<10} {:<18} {}", key.status, key.role, key.jwk.kid()));
                    lines.collect::<Vec<_>>().join("\n")
                })
            }
            What::Trust { whose, thumbprint } => {
                trust(&home, whose, &thumbprint)?;
                let made = json!({ "whose": whose.to_string(), "trusted": thumbprint });
                output.data(&made, |_| format!("This gateway trusts {thumbprint} as a key of {whose}."))
            }
            What::People => block_on(people::list(&home, output))?,
            What::Admit(admit) => block_on(people::admit(&home, &admit, output))?,
            What::ClearOut => block_on(people::clear_out(&home, output))?,
            What::Passphrase { new_passphrase_file } => change_passphrase(&home, new_passphrase_file, output),
        }
    }
}

fn init(home: &Home, args: &HomeArgs, readers: Vec<String>, output: &Output) -> Result<(), CliError> {
    let readers = if readers.is_empty() { reader_roles(&policy::of(home)?) } else { readers };
    let passphrase = home.passphrase("Choose a passphrase for this organisation's keys: ")?;
    require_strong(&passphrase)?;
    let keyring = Keyring::generate(&SystemIds, &readers)?;
    home.create(&SystemIds, &keyring, &passphrase)?;
    for (name, key) in [("root.jwk", keyring.root.public()), ("client.jwk", keyring.client.public())] {
        files::write(args.home.join(name), jwk_text(key)?.as_bytes())?;
    }
    let made = json!({
        "home": args.home, "root": keyring.root.kid(), "client": keyring.client.kid(),
        "files": [args.home.join("root.jwk"), args.home.join("client.jwk")],
    });
    output.data(&made, |_| {
        format!(
            "Made keys in {}.\n\nRoot key: {}\nRead this aloud to the coordinator over another channel, and send the files root.jwk and client.jwk.\n\
             When the ids come back: throughline key connect --hub URL --organisation ID --client ID",
            args.home.display(),
            keyring.root.kid()
        )
    })
}

/// Every role that reads letters: the statistics component has a key of its own at the node.
pub(super) fn reader_roles(policy: &Policy) -> Vec<String> {
    policy.roles().map(|role| role.code.to_string()).filter(|role| role != "statistics").collect()
}

/// A role, or a thumbprint, which may begin with a hyphen.
fn role_or_thumbprint(text: &str) -> Result<String, &'static str> {
    if text.starts_with('-') && text.parse::<Kid>().is_err() {
        return Err("expected a role such as sign or medical, or a thumbprint of 43 characters");
    }
    Ok(text.to_owned())
}

fn jwk_text(key: &PublicJwk) -> Result<String, CliError> {
    serde_json::to_string_pretty(key).map_err(|_ignored| {
        CliError::new(Code::new("key.json", Fault::Internal), "a key could not be written")
    })
}

fn list(keyring: &Keyring) -> Vec<(String, String)> {
    let mut keys = vec![
        (String::from("root"), keyring.root.kid().to_string()),
        (String::from("client"), keyring.client.kid().to_string()),
        (String::from("sign"), keyring.signing.kid().to_string()),
    ];
    keys.extend(keyring.readers.iter().map(|(role, key)| (role.clone(), key.kid().to_string())));
    keys
}

fn require_strong(passphrase: &Passphrase) -> Result<(), CliError> {
    if passphrase.expose().chars().count() >= LEAST_PASSPHRASE {
        return Ok(());
    }
    Err(CliError::new(
        Code::new("home.passphrase_too_weak", Fault::Refused),
        format!("a passphrase needs at least {LEAST_PASSPHRASE} characters; four unrelated words do well"),
    ))
}

fn change_passphrase(home: &Home, file: Option<PathBuf>, output: &Output) -> Result<(), CliError> {
    let old = home.passphrase("Passphrase until now: ")?;
    let new = if let Some(file) = file { home::first_line(&file)? } else { ask_twice()? };
    require_strong(&new)?;
    // The keys last: while they are under the old passphrase it is plain that the change is not done.
    let files = ["consents/key.json", "keys.json"].into_iter().filter(|file| home.has(file));
    for file in files {
        home.rewrap(file, &SystemIds, [&old, &new])?;
    }
    output.data(&json!({ "changed": true }), |_| {
        String::from("Keys and consent records lie under the new passphrase. Copies do not: make new ones, and destroy the old.")
    })
}

fn ask_twice() -> Result<Passphrase, CliError> {
    let new = home::ask("New passphrase: ")?;
    if home::ask("Once more: ")?.expose() == new.expose() {
        return Ok(new);
    }
    Err(CliError::new(
        Code::new("home.passphrases_differ", Fault::Malformed),
        "these are two different passphrases; nothing was changed",
    ))
}

fn new_client_key(home: &Home, args: &HomeArgs, output: &Output) -> Result<(), CliError> {
    let passphrase = home.passphrase("Passphrase: ")?;
    let mut keyring = home.keyring(&passphrase)?;
    keyring.client = SigningKey::generate(&SystemIds)?;
    home.keep(&SystemIds, &keyring, &passphrase)?;
    let file = args.home.join("client.jwk");
    files::write(&file, jwk_text(keyring.client.public())?.as_bytes())?;
    output.data(&json!({ "role": "client", "kid": keyring.client.kid(), "file": file }), |_| {
        format!(
            "There is a new key for the machine client: {}\nSend {} to be registered as a new client, and let the old one be revoked.\n             When its id comes back: throughline key connect --hub URL --organisation ID --client ID",
            keyring.client.kid(),
            file.display()
        )
    })
}

fn rotate(home: &Home, role: &str, output: &Output) -> Result<(), CliError> {
    let passphrase = home.passphrase("Passphrase: ")?;
    let mut keyring = home.keyring(&passphrase)?;
    // Before anything changes: a new key is of use only when it can be published.
    block_on(history(home, &keyring))??;
    renew(&mut keyring, role)?;
    home.keep(&SystemIds, &keyring, &passphrase)?;
    let seq = block_on(publish(home, &keyring))??;
    block_on(people::hand_anew(home, &keyring, &[role.to_owned()]))??;
    output.data(&json!({ "role": role, "seq": seq }), |_| {
        format!("There is a new key for {role}; the old one is retired. Published statement {seq}.")
    })
}

/// Puts a new key in the place of the one in use. Answers the old one.
fn renew(keyring: &mut Keyring, role: &str) -> Result<Kid, CliError> {
    if role == "sign" {
        let old = std::mem::replace(&mut keyring.signing, SigningKey::generate(&SystemIds)?);
        keyring.former.push(old.kid().clone());
        return Ok(old.kid().clone());
    }
    let Some(old) = keyring.readers.iter().find(|(known, _)| known == role) else {
        return Err(CliError::new(
            Code::new("key.no_such_role", Fault::NotFound),
            format!("this home has no key for {role}; see throughline key list"),
        ));
    };
    let old = old.1.kid().clone();
    // The newest key of a role comes first; older ones stay, to open what was sealed to them.
    keyring.readers.insert(0, (role.to_owned(), DecryptionKey::generate(&SystemIds)?));
    Ok(old)
}

fn revoke(
    home: &Home,
    key: &str,
    compromised_at: Option<Timestamp>,
    output: &Output,
) -> Result<(), CliError> {
    let passphrase = home.passphrase("Passphrase: ")?;
    let mut keyring = home.keyring(&passphrase)?;
    let published = block_on(history(home, &keyring))??;
    let in_use = list(&keyring).into_iter().find(|(role, kid)| role == key || kid == key);
    let (kid, renewed) = match in_use {
        Some((role, _)) if role == "root" || role == "client" => {
            return Err(CliError::new(
                Code::new("key.not_published", Fault::Refused),
                format!(
                    "the {role} key is not revoked here: the coordinator does it, with member replace-root or member revoke-client"
                ),
            ));
        }
        // A role's key, or an older one of the role by its thumbprint.
        Some((role, kid)) if key == role || is_newest(&keyring, &role, &kid) => {
            (renew(&mut keyring, &role)?.to_string(), Some(role))
        }
        Some((_, kid)) => (kid, None),
        None => (key.to_owned(), None),
    };
    let Some(stated) = published.iter().find(|stated| stated.jwk.kid().as_str() == kid) else {
        return Err(CliError::new(
            Code::new("key.unknown", Fault::NotFound),
            format!("no key {key} was ever published; see throughline key history"),
        ));
    };
    if renewed.is_some() {
        home.keep(&SystemIds, &keyring, &passphrase)?;
    }
    let revoked = Revoked { kid: stated.jwk.kid().clone(), compromised_at };
    let changes = Changes { revoked: vec![revoked], ..Changes::default() };
    let seq = block_on(publish_with(home, &keyring, &changes))??;
    if let Some(role) = &renewed {
        block_on(people::hand_anew(home, &keyring, std::slice::from_ref(role)))??;
    }
    let made = json!({ "revoked": kid, "renewed": renewed, "compromised_at": compromised_at, "seq": seq });
    output.data(&made, |_| {
        let then = renewed.as_ref().map(|role| format!(" There is a new key for {role}.")).unwrap_or_default();
        format!("Revoked {kid}.{then} Published statement {seq}.\nTell the coordinator, and whom you exchange packets with.")
    })
}

fn is_newest(keyring: &Keyring, role: &str, kid: &str) -> bool {
    role == "sign"
        || keyring
            .readers
            .iter()
            .find(|(known, _)| known == role)
            .is_some_and(|(_, newest)| newest.kid().as_str() == kid)
}

/// A key to revoke, and from when on it counts for nothing.
struct Revoked {
    kid: Kid,
    compromised_at: Option<Timestamp>,
}

/// The keys as the last statement has them.
async fn history(home: &Home, keyring: &Keyring) -> Result<Vec<StatedKey>, CliError> {
    let hub = HubClient::sign_in(&home.connection()?, keyring, &SystemClock, &SystemIds).await?;
    Ok(own_statements(home, &hub).await?.keys)
}

/// Publishes what the keyring holds: the newest key of each role active, everything older retired.
pub(super) async fn publish(home: &Home, keyring: &Keyring) -> Result<i64, CliError> {
    publish_with(home, keyring, &Changes::default()).await
}

/// What a statement changes beyond what the home holds.
#[derive(Default)]
struct Changes {
    /// Keys that are revoked.
    revoked: Vec<Revoked>,
    /// Keys of people that are stated from now on, with their roles.
    stated: Vec<(PublicJwk, String)>,
    /// Keys of people and devices that go on for as long as a new one would.
    prolonged: Vec<Kid>,
}

async fn publish_with(home: &Home, keyring: &Keyring, changes: &Changes) -> Result<i64, CliError> {
    let clock = SystemClock;
    let hub = HubClient::sign_in(&home.connection()?, keyring, &clock, &SystemIds).await?;
    let said = own_statements(home, &hub).await?;
    let life = life_days(home, &hub).await;
    let statement = next_statement(&hub, keyring, &said, changes, (clock.now(), life));
    let payload = serde_json::to_vec(&statement).map_err(|_ignored| {
        CliError::new(Code::new("key.json", Fault::Internal), "a statement could not be written")
    })?;
    let token = sign_compact(&keyring.root, Typ::Directory, &payload)?;
    let path = format!("/api/v1/organisations/{}/keys", hub.organisation);
    hub.post(&path, &json!({ "statement": token })).await?;
    said.keep(home, hub.organisation, token)?;
    Ok(statement.seq)
}

/// How long a new key lives, in days. A policy that cannot be followed is no reason not to revoke a key: the hub says when it is too long.
async fn life_days(home: &Home, hub: &HubClient) -> u32 {
    let followed = policy::follow(home, hub).await.and_then(|()| policy::of(home));
    followed.map_or(LIFE_DAYS, |policy| policy.limits().keys.longest_days.min(LIFE_DAYS))
}

/// What is to be said next: the newest keys of this home, and every key that something changes of.
fn next_statement(
    hub: &HubClient,
    keyring: &Keyring,
    said: &OwnStatements,
    changes: &Changes,
    (now, life): (Timestamp, u32),
) -> Statement {
    let now = now.seconds();
    let from = now.saturating_sub(60);
    let until = from.saturating_add(i64::from(life).saturating_mul(86_400));
    let fresh = |jwk: &PublicJwk, role: &str| StatedKey {
        jwk: jwk.clone(),
        role: role.to_owned(),
        nbf: from,
        exp: until,
        status: KeyState::Active,
        compromised_at: None,
    };
    let mut newest = vec![fresh(keyring.signing.public(), "sign")];
    for (role, key) in &keyring.readers {
        if !newest.iter().any(|other| other.role == *role) {
            newest.push(fresh(key.public(), role));
        }
    }
    // Only what this home had is its to retire: people and other gateways of the organisation have keys of their own.
    let had = |kid: &Kid| {
        keyring.former.contains(kid) || keyring.readers.iter().any(|(_, reader)| reader.kid() == kid)
    };
    let mut keys = Vec::new();
    for before in &said.keys {
        let kid = before.jwk.kid();
        let is_newest = newest.iter().any(|new| new.jwk.kid() == kid);
        let revoked = changes.revoked.iter().find(|revoked| revoked.kid == *kid);
        let mut key = before.clone();
        if let Some(revoked) = revoked {
            key.status = KeyState::Revoked;
            key.compromised_at = revoked.compromised_at.map(Timestamp::seconds).or(key.compromised_at);
        }
        let is_over = !is_newest && had(kid) && key.status == KeyState::Active;
        if is_over {
            key.status = KeyState::Retired;
        }
        let goes_on = changes.prolonged.contains(kid) && key.status <= KeyState::Active && key.exp < until;
        if goes_on {
            key.exp = until;
        }
        if is_newest || is_over || goes_on || revoked.is_some() {
            keys.push(key);
        }
    }
    newest.extend(changes.stated.iter().map(|(jwk, role)| fresh(jwk, role)));
    for new in newest {
        if !said.keys.iter().any(|key| key.jwk.kid() == new.jwk.kid()) {
            keys.push(new);
        }
    }
    Statement {
        v: 1,
        org: hub.organisation,
        seq: i64::try_from(said.tokens.len()).unwrap_or(i64::MAX).saturating_add(1),
        prev: said.tokens.last().map(Digest::of),
        keys,
        iat: now,
    }
}
