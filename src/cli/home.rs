//! The gateway's home: a folder with an organisation's keys, wrapped under a passphrase, and where its hub is.
//!
//! `gateway.json` says which hub, organisation and client; `keys.json` is one wrap of every private key. Files are replaced whole: the
//! new one is written beside the old and renamed over it.

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
};

use clap::Args;
use serde::{Deserialize, Serialize};

use super::{CliError, files};
use crate::{
    crypto::{self, DecryptionKey, Kid, Passphrase, PassphraseError, SecretJwk, SigningKey, Wrapped},
    kernel::{
        Code, Fault, Secret,
        id::{ClientId, Ids, OrganisationId},
    },
};

/// Where the gateway's home is, and how its passphrase comes.
#[derive(Args, Clone, Debug)]
pub(super) struct HomeArgs {
    /// Folder with the organisation's keys.
    #[arg(
        long,
        global = true,
        default_value = "throughline-gateway",
        env = "THROUGHLINE_HOME",
        value_name = "FOLDER"
    )]
    pub(super) home: PathBuf,
    /// File whose first line is the passphrase; without it the passphrase is asked for.
    #[arg(long, global = true, env = "THROUGHLINE_PASSPHRASE_FILE", value_name = "FILE")]
    pub(super) passphrase_file: Option<PathBuf>,
}

/// Which hub, which organisation, which client. Nothing secret.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Connection {
    /// Address of the hub.
    pub(super) hub: Option<String>,
    /// The organisation's id at the hub.
    pub(super) organisation: Option<OrganisationId>,
    /// The client's id at the hub.
    pub(super) client: Option<ClientId>,
    /// Certificates in PEM that the hub's must hang on; this machine's when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) hub_ca: Option<PathBuf>,
    /// Certificate chain and key in PEM, in one file, for a hub that asks who connects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) identity: Option<PathBuf>,
}

/// The private keys, opened.
pub(super) struct Keyring {
    /// Signs statements about keys, and nothing else.
    pub(super) root: SigningKey,
    /// Proves the machine client.
    pub(super) client: SigningKey,
    /// Signs packets, events, certificates and agreements.
    pub(super) signing: SigningKey,
    /// Reader roles and their keys; older keys of a role stay, to open what was sealed to them.
    pub(super) readers: Vec<(String, DecryptionKey)>,
    /// Signing keys that this home had before: to be retired with the next statement. Those of people are not among them.
    pub(super) former: Vec<Kid>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    root: String,
    client: String,
    signing: String,
    readers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    former: Vec<Kid>,
}

impl Drop for Stored {
    fn drop(&mut self) {
        use zeroize::Zeroize as _;
        self.root.zeroize();
        self.client.zeroize();
        self.signing.zeroize();
        for (_role, key) in &mut self.readers {
            key.zeroize();
        }
    }
}

impl Keyring {
    /// The private numbers as they would stand in a file that leaked them.
    pub(super) fn private_numbers(&self) -> Vec<String> {
        let signing = [&self.root, &self.client, &self.signing].map(SigningKey::to_secret_jwk);
        let reading = self.readers.iter().map(|(_, key)| key.to_secret_jwk());
        signing
            .into_iter()
            .chain(reading)
            .filter_map(|jwk| Some(jwk.expose().split("\"d\":\"").nth(1)?.trim_end_matches("\"}").to_owned()))
            .collect()
    }

    /// New keys: one to read with for every role.
    pub(super) fn generate(ids: &dyn Ids, roles: &[String]) -> Result<Self, CliError> {
        let readers = roles.iter().map(|role| Ok((role.clone(), DecryptionKey::generate(ids)?)));
        Ok(Self {
            root: SigningKey::generate(ids)?,
            client: SigningKey::generate(ids)?,
            signing: SigningKey::generate(ids)?,
            readers: readers.collect::<Result<_, CliError>>()?,
            former: Vec::new(),
        })
    }
}

/// The home folder.
pub(super) struct Home {
    folder: PathBuf,
    passphrase_file: Option<PathBuf>,
}

impl Home {
    /// The folder the arguments name; it need not exist.
    pub(super) fn at(args: &HomeArgs) -> Self {
        Self { folder: args.home.clone(), passphrase_file: args.passphrase_file.clone() }
    }

    /// A folder inside the home, made when missing.
    pub(super) fn folder(&self, name: &str) -> Result<PathBuf, CliError> {
        let folder = self.folder.join(name);
        files::make_folder_of_ones_own(&folder)?;
        Ok(folder)
    }

    /// Makes the home with these keys. Refuses one that has keys already.
    pub(super) fn create(
        &self,
        ids: &dyn Ids,
        keyring: &Keyring,
        passphrase: &Passphrase,
    ) -> Result<(), CliError> {
        if self.folder.join("keys.json").exists() {
            return Err(CliError::new(
                Code::new("home.exists", Fault::Conflict),
                format!("{} has keys already; they are not overwritten", self.folder.display()),
            ));
        }
        files::make_folder_of_ones_own(&self.folder)?;
        self.connect(&Connection::default())?;
        self.keep(ids, keyring, passphrase)
    }

    /// Wraps and stores the keys.
    pub(super) fn keep(
        &self,
        ids: &dyn Ids,
        keyring: &Keyring,
        passphrase: &Passphrase,
    ) -> Result<(), CliError> {
        let text = |key: &SecretJwk| key.expose().clone();
        let stored = Stored {
            root: text(&keyring.root.to_secret_jwk()),
            client: text(&keyring.client.to_secret_jwk()),
            signing: text(&keyring.signing.to_secret_jwk()),
            readers: keyring
                .readers
                .iter()
                .map(|(role, key)| (role.clone(), text(&key.to_secret_jwk())))
                .collect(),
            former: keyring.former.clone(),
        };
        self.keep_wrapped("keys.json", ids, passphrase, &stored)
    }

    /// Opens the keys.
    pub(super) fn keyring(&self, passphrase: &Passphrase) -> Result<Keyring, CliError> {
        let stored: Stored = self.open_wrapped("keys.json", passphrase)?;
        let signing = |text: &str| SigningKey::from_secret_jwk(&Secret::new(text.to_owned()));
        let readers = stored.readers.iter().map(|(role, text)| {
            Ok((role.clone(), DecryptionKey::from_secret_jwk(&Secret::new(text.clone()))?))
        });
        Ok(Keyring {
            root: signing(&stored.root)?,
            client: signing(&stored.client)?,
            signing: signing(&stored.signing)?,
            readers: readers.collect::<Result<_, CliError>>()?,
            former: stored.former.clone(),
        })
    }

    /// Wraps a value and stores it as a file of the home.
    pub(super) fn keep_wrapped<T: Serialize>(
        &self,
        file: &str,
        ids: &dyn Ids,
        passphrase: &Passphrase,
        value: &T,
    ) -> Result<(), CliError> {
        let plain = Secret::new(serde_json::to_vec(value).map_err(|_ignored| unreadable(file))?);
        let wrapped = crypto::wrap(passphrase, ids, plain.expose()).map_err(refused)?;
        let text = serde_json::to_vec_pretty(&wrapped).map_err(|_ignored| unreadable(file))?;
        files::replace(self.folder.join(file), &text)
    }

    /// Opens a wrapped file of the home.
    pub(super) fn open_wrapped<T: for<'de> Deserialize<'de>>(
        &self,
        file: &str,
        passphrase: &Passphrase,
    ) -> Result<T, CliError> {
        let wrapped: Wrapped =
            serde_json::from_str(&self.read(file)?).map_err(|_ignored| unreadable(file))?;
        let plain = crypto::unwrap(passphrase, &wrapped).map_err(refused)?;
        serde_json::from_slice(plain.expose()).map_err(|_ignored| unreadable(file))
    }

    /// Wraps a file of the home under another passphrase. One that is under it already stays: a change that broke off can be run again.
    pub(super) fn rewrap(
        &self,
        file: &str,
        ids: &dyn Ids,
        [old, new]: [&Passphrase; 2],
    ) -> Result<(), CliError> {
        let wrapped: Wrapped =
            serde_json::from_str(&self.read(file)?).map_err(|_ignored| unreadable(file))?;
        let plain = match crypto::unwrap(old, &wrapped) {
            Ok(plain) => plain,
            Err(error) => return crypto::unwrap(new, &wrapped).map(drop).map_err(|_as_well| refused(error)),
        };
        let wrapped = crypto::wrap(new, ids, plain.expose()).map_err(refused)?;
        let text = serde_json::to_vec_pretty(&wrapped).map_err(|_ignored| unreadable(file))?;
        files::replace(self.folder.join(file), &text)
    }

    /// Whether the home has this file.
    pub(super) fn has(&self, file: &str) -> bool {
        self.folder.join(file).exists()
    }

    /// Where the hub is.
    pub(super) fn connection(&self) -> Result<Connection, CliError> {
        serde_json::from_str(&self.read("gateway.json")?).map_err(|_ignored| unreadable("gateway.json"))
    }

    /// Remembers where the hub is.
    pub(super) fn connect(&self, connection: &Connection) -> Result<(), CliError> {
        let text = serde_json::to_vec_pretty(connection).map_err(|_ignored| unreadable("gateway.json"))?;
        files::replace(self.folder.join("gateway.json"), &text)
    }

    /// The passphrase: from its file, or asked for at the terminal.
    pub(super) fn passphrase(&self, prompt: &str) -> Result<Passphrase, CliError> {
        if let Some(file) = &self.passphrase_file {
            return first_line(file);
        }
        ask(prompt)
    }

    fn read(&self, file: &str) -> Result<String, CliError> {
        let path = self.folder.join(file);
        files::text_if_there(&path)?.ok_or_else(|| {
            CliError::new(
                Code::new("home.missing", Fault::NotFound),
                format!(
                    "{} is not there; make a home with `throughline key init`, or name it with --home",
                    path.display()
                ),
            )
        })
    }
}

/// The passphrase in a file's first line.
pub(super) fn first_line(file: &Path) -> Result<Passphrase, CliError> {
    let text = Secret::new(files::text(file)?);
    let line = text.expose().lines().next().unwrap_or_default().to_owned();
    Ok(Secret::new(line))
}

/// Asks for a passphrase at the terminal.
pub(super) fn ask(prompt: &str) -> Result<Passphrase, CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::new(
            Code::new("home.no_passphrase", Fault::Malformed),
            "there is no terminal to ask for the passphrase at; give it in a file (--passphrase-file, --new-passphrase-file)",
        ));
    }
    Ok(Secret::new(rpassword::prompt_password(prompt)?))
}

fn refused(error: PassphraseError) -> CliError {
    let code = match error {
        PassphraseError::Wrong => Code::new("home.wrong_passphrase", Fault::Unauthenticated),
        PassphraseError::Parameters => Code::new("home.parameters", Fault::Refused),
        PassphraseError::Library => Code::new("home.library", Fault::Internal),
    };
    CliError::new(code, error.to_string())
}

fn unreadable(file: &str) -> CliError {
    CliError::new(
        Code::new("home.unreadable", Fault::Malformed),
        format!("{file} in the gateway's home cannot be read"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::SystemIds;

    #[test]
    fn keys_come_back_with_the_passphrase_only_and_do_not_lie_open() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home { folder: folder.path().join("home"), passphrase_file: None };
        let keyring = Keyring::generate(&SystemIds, &[String::from("intake")]).unwrap();
        let passphrase = Secret::new(String::from("four unrelated words"));
        home.create(&SystemIds, &keyring, &passphrase).unwrap();
        let again = home.keyring(&passphrase).unwrap();
        assert_eq!(again.signing.kid(), keyring.signing.kid());
        assert_eq!(again.readers[0].1.kid(), keyring.readers[0].1.kid());
        let wrong = home.keyring(&Secret::new(String::from("another"))).err().unwrap();
        assert_eq!(wrong.code(), "home.wrong_passphrase");
        let stored = std::fs::read_to_string(folder.path().join("home/keys.json")).unwrap();
        assert!(!stored.contains("\"d\"") && !stored.contains(keyring.signing.kid().as_str()));
        assert_eq!(home.create(&SystemIds, &keyring, &passphrase).err().unwrap().code(), "home.exists");
    }
}
