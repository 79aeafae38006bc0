//! `throughline key`

use std::fs;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    CliError, Output, block_on,
    client::HubClient,
    home::{Connection, Home, HomeArgs, Keyring},
};
use crate::{
    crypto::{DecryptionKey, PublicJwk, SigningKey, Typ, sign_compact},
    kernel::{
        Code, Digest, Fault,
        id::{ClientId, OrganisationId, SystemIds},
        time::{Clock, SystemClock},
    },
    members::{KeyState, LEAST_PASSPHRASE, StatedKey, Statement},
    policy::Policy,
};

/// How long a key lives, in days: rotate it within a year.
const LIFE_DAYS: i64 = 365;

/// The organisation's keys. They stay in the gateway's home, wrapped under a passphrase; the hub never sees them.
#[derive(Args)]
pub(super) struct Key {
    #[command(flatten)]
    home: HomeArgs,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make a home with new keys, and write the two public keys that the coordinator enrols: root.jwk and client.jwk.
    Init {
        /// Reader roles to make keys for; by default all that the field dictionary knows.
        #[arg(long = "reader")]
        readers: Vec<String>,
    },
    /// Remember which hub this gateway belongs to, with the ids the coordinator gave back.
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
    },
    /// List the keys of this home by role and thumbprint.
    List,
    /// Publish a signed statement of the public keys at the hub. Run it after init and after every change.
    Publish,
    /// Make a new key for a role (sign, or a reader role), retire the old one, and publish.
    Rotate {
        /// The role.
        role: String,
    },
}

impl Key {
    pub(super) fn run(self, output: &Output) -> Result<(), CliError> {
        let home = Home::at(&self.home);
        match self.what {
            What::Init { readers } => init(&home, &self.home, readers, output),
            What::Connect { hub, organisation, client } => {
                let connection = Connection {
                    hub: Some(hub.trim_end_matches('/').to_owned()),
                    organisation: Some(organisation),
                    client: Some(client),
                };
                home.connect(&connection)?;
                output.data(&connection, |_| String::from("Connected. Next: throughline key publish"))
            }
            What::List => {
                let keyring = home.keyring(&home.passphrase("Passphrase: ")?)?;
                output.data(&list(&keyring), |keys| {
                    keys.iter().map(|(role, kid)| format!("{role:<18} {kid}")).collect::<Vec<_>>().join("\n")
                })
            }
            What::Publish => {
                let keyring = home.keyring(&home.passphrase("Passphrase: ")?)?;
                let seq = block_on(publish(&home, &keyring))??;
                output.data(&json!({ "seq": seq }), |_| format!("Published statement {seq}."))
            }
            What::Rotate { role } => rotate(&home, &role, output),
        }
    }
}

fn init(home: &Home, args: &HomeArgs, readers: Vec<String>, output: &Output) -> Result<(), CliError> {
    let readers = if readers.is_empty() { reader_roles() } else { readers };
    let passphrase = home.passphrase("Choose a passphrase for this organisation's keys: ")?;
    if passphrase.expose().chars().count() < LEAST_PASSPHRASE {
        return Err(CliError::new(
            Code::new("home.passphrase_too_weak", Fault::Refused),
            format!(
                "a passphrase needs at least {LEAST_PASSPHRASE} characters; four unrelated words do well"
            ),
        ));
    }
    let keyring = Keyring::generate(&SystemIds, &readers)?;
    home.create(&SystemIds, &keyring, &passphrase)?;
    for (name, key) in [("root.jwk", keyring.root.public()), ("client.jwk", keyring.client.public())] {
        fs::write(args.home.join(name), jwk_text(key)?)?;
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
pub(super) fn reader_roles() -> Vec<String> {
    Policy::builtin().roles().map(|role| role.code.to_string()).filter(|role| role != "statistics").collect()
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

fn rotate(home: &Home, role: &str, output: &Output) -> Result<(), CliError> {
    let passphrase = home.passphrase("Passphrase: ")?;
    let mut keyring = home.keyring(&passphrase)?;
    if role == "sign" {
        keyring.signing = SigningKey::generate(&SystemIds)?;
    } else if keyring.readers.iter().any(|(known, _)| known == role) {
        // The newest key of a role comes first; older ones stay, to open what was sealed to them.
        keyring.readers.insert(0, (role.to_owned(), DecryptionKey::generate(&SystemIds)?));
    } else {
        return Err(CliError::new(
            Code::new("key.no_such_role", Fault::NotFound),
            format!("this home has no key for {role}; see throughline key list"),
        ));
    }
    home.keep(&SystemIds, &keyring, &passphrase)?;
    let seq = block_on(publish(home, &keyring))??;
    output.data(&json!({ "role": role, "seq": seq }), |_| {
        format!("There is a new key for {role}; the old one is retired. Published statement {seq}.")
    })
}

/// Publishes what the keyring holds: the newest key of each role active, everything older retired.
pub(super) async fn publish(home: &Home, keyring: &Keyring) -> Result<i64, CliError> {
    let clock = SystemClock;
    let hub = HubClient::sign_in(&home.connection()?, keyring, &clock, &SystemIds).await?;
    let path = format!("/api/v1/organisations/{}/keys", hub.organisation);
    let history = hub.get(&path).await?.body;
    let statements: Vec<String> = history
        .get("statements")
        .and_then(|statements| serde_json::from_value(statements.clone()).ok())
        .unwrap_or_default();
    let known = statements.last().and_then(|token| last_keys(token)).unwrap_or_default();
    let statement = next_statement(hub.organisation, keyring, &statements, known, &clock);
    let payload = serde_json::to_vec(&statement).map_err(|_ignored| {
        CliError::new(Code::new("key.json", Fault::Internal), "a statement could not be written")
    })?;
    let token = sign_compact(&keyring.root, Typ::Directory, &payload)?;
    hub.post(&path, &json!({ "statement": token })).await?;
    Ok(statement.seq)
}

/// What the last statement said. It is our own; the hub could not have changed it without the root key.
fn last_keys(token: &str) -> Option<Vec<StatedKey>> {
    use base64::Engine as _;
    let payload = token.split('.').nth(1)?;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).ok()?;
    Some(serde_json::from_slice::<Statement>(&bytes).ok()?.keys)
}

fn next_statement(
    organisation: OrganisationId,
    keyring: &Keyring,
    statements: &[String],
    known: Vec<StatedKey>,
    clock: &dyn Clock,
) -> Statement {
    let now = clock.now().seconds();
    let fresh = |jwk: &PublicJwk, role: &str| StatedKey {
        jwk: jwk.clone(),
        role: role.to_owned(),
        nbf: now.saturating_sub(60),
        exp: now.saturating_add(LIFE_DAYS.saturating_mul(86_400)),
        status: KeyState::Active,
        compromised_at: None,
    };
    let mut newest = vec![fresh(keyring.signing.public(), "sign")];
    for (role, key) in &keyring.readers {
        if !newest.iter().any(|other| other.role == *role) {
            newest.push(fresh(key.public(), role));
        }
    }
    let mut keys: Vec<StatedKey> = known
        .into_iter()
        .map(|mut key| {
            let stays = newest.iter().any(|new| new.jwk.kid() == key.jwk.kid());
            if !stays && key.status == KeyState::Active {
                key.status = KeyState::Retired;
            }
            key
        })
        .collect();
    for new in newest {
        if !keys.iter().any(|key| key.jwk.kid() == new.jwk.kid()) {
            keys.push(new);
        }
    }
    Statement {
        v: 1,
        org: organisation,
        seq: i64::try_from(statements.len()).unwrap_or(i64::MAX).saturating_add(1),
        prev: statements.last().map(Digest::of),
        keys,
        iat: now,
    }
}
