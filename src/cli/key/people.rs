//! `throughline key people`, `admit`, `renew` and `clear-out`: the people of an organisation whose gateway is a browser.

use std::collections::BTreeSet;

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        CliError, Output,
        client::HubClient,
        home::{Home, Keyring},
        known::own_statements,
    },
    Changes, RENEWED_DAYS, Revoked, publish_with, renew,
};
use crate::{
    access::Role,
    crypto::{DecryptionKey, Kid, PublicJwk, encrypt_keyring},
    custody::{ComparisonCode, ROOT_ROLE, answer_code, comparison_code},
    kernel::{
        Code, Fault, Secret, Timestamp,
        id::{StaffId, SystemIds},
        time::{Clock as _, SystemClock},
    },
    members::{KeyState, MAX_KEYS, MEMBER_ROLE, Name, StatedKey},
};

/// How many keyrings go to the hub at once.
const AT_ONCE: usize = 100;

#[derive(Args)]
pub(super) struct Admit {
    /// The person; `key people` lists them.
    person: StaffId,
    /// The code that they read from their key page.
    #[arg(long)]
    code: ComparisonCode,
    /// A reader role to hand the keys of. May be given several times; without it, what fits what they may do: intake, case_worker.
    #[arg(long = "reader", value_name = "ROLE")]
    readers: Vec<String>,
    /// Hand them the root key as well: they can confirm others, and revoke. An organisation has two key holders.
    #[arg(long)]
    holder: bool,
}

/// A person as the hub lists them.
#[derive(Deserialize)]
struct Person {
    staff: StaffId,
    name: Name,
    roles: Vec<Role>,
    removed: bool,
    member: Option<Member>,
    devices: Vec<Device>,
}

#[derive(Deserialize)]
struct Member {
    jwk: PublicJwk,
    state: Option<KeyState>,
    keyrings: Vec<Kid>,
}

#[derive(Deserialize)]
struct Device {
    jwk: PublicJwk,
    name: String,
    state: Option<KeyState>,
    given_up: bool,
}

impl Device {
    fn waits(&self) -> bool {
        self.state.is_none() && !self.given_up
    }

    fn is_to_be_revoked(&self) -> bool {
        self.given_up && self.state.is_some_and(|state| state != KeyState::Revoked)
    }
}

/// What is told of each person.
pub(super) async fn list(home: &Home, output: &Output) -> Result<(), CliError> {
    let keyring = home.keyring(&home.passphrase("Passphrase: ")?)?;
    let hub = sign_in(home, &keyring).await?;
    let (people, own) = (people(&hub).await?, roles_of(&keyring));
    let said = own_statements(home, &hub).await?;
    let now = SystemClock.now().seconds();
    let rows: Vec<Value> = people
        .iter()
        .filter(|person| !person.removed || person.devices.iter().any(Device::is_to_be_revoked))
        .map(|person| {
            let held = person.member.as_ref().map(|member| held(member, &own)).unwrap_or_default();
            json!({
                "person": person.staff, "name": person.name, "removed": person.removed, "has_key": person.member.is_some(),
                "confirmed": person.member.as_ref().is_some_and(|member| member.state == Some(KeyState::Active)),
                "reads": held,
                "waits": person.devices.iter().filter(|device| device.waits()).map(|device| &device.name).collect::<Vec<_>>(),
                "ends": theirs(person, &said.keys)
                    .filter(|key| ends_soon(key, now))
                    .map(|key| key.exp)
                    .min()
                    .map(Timestamp::from_seconds),
                "to_revoke": person.devices.iter().filter(|device| device.is_to_be_revoked()).map(|device| &device.name).collect::<Vec<_>>(),
            })
        })
        .collect();
    output.data(&rows, |rows| {
        if rows.is_empty() {
            return String::from("Nobody of this organisation works in a browser yet.");
        }
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

fn line(row: &Value) -> String {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    let says = |name: &str| row.get(name).and_then(Value::as_bool).unwrap_or_default();
    let names = |name: &str| {
        let all = row.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
    };
    let mut told = Vec::new();
    if !says("has_key") && !says("removed") {
        told.push(String::from("no key yet"));
    }
    if says("confirmed") {
        told.push(format!("reads {}", names("reads")));
    }
    if let Some(ends) = row.get("ends").and_then(Value::as_str) {
        told.push(format!("ends {ends} (key renew)"));
    }
    if !names("waits").is_empty() {
        told.push(format!("waits for you: {} (ask for the code, then key admit)", names("waits")));
    }
    if !names("to_revoke").is_empty() {
        told.push(format!("to revoke: {} (key clear-out)", names("to_revoke")));
    }
    format!("{}  {:<24} {}", text("person"), text("name"), told.join("; "))
}

/// Confirms a device and hands out keys.
pub(super) async fn admit(home: &Home, args: &Admit, output: &Output) -> Result<(), CliError> {
    let keyring = home.keyring(&home.passphrase("Passphrase: ")?)?;
    let hub = sign_in(home, &keyring).await?;
    let people = people(&hub).await?;
    let person = people.iter().find(|one| one.staff == args.person && !one.removed).ok_or_else(|| {
        CliError::new(
            Code::new("key.no_such_person", Fault::NotFound),
            format!("nobody here is {}; throughline key people lists them", args.person),
        )
    })?;
    let Some(member) = &person.member else {
        return Err(CliError::new(
            Code::new("key.no_member_key", Fault::Refused),
            format!("{} has made no key yet; let them sign in and open the key page", person.name),
        ));
    };
    let named = |device: &&Device| {
        let code = comparison_code(
            (hub.organisation, keyring.root.kid()),
            person.staff,
            (member.jwk.kid(), device.jwk.kid()),
        );
        !device.given_up && code == args.code
    };
    let device = person.devices.iter().find(named).ok_or_else(|| {
        CliError::new(
            Code::new("key.code_differs", Fault::Refused),
            "no key that the hub shows of this person has this code. Let them read it again; when it stays so, the hub shows another key than \
             theirs, and the node's operator must be told. Nothing was confirmed",
        )
    })?;
    let readers = readers(args, person, &keyring)?;
    let seq = confirm(home, (&hub, &keyring), (person, member, device), (&readers, args.holder)).await?;
    let keys = (member.jwk.kid(), device.jwk.kid());
    let answer = answer_code((hub.organisation, keyring.root.kid()), person.staff, keys).to_string();
    let made = json!({
        "person": person.staff, "device": device.name, "reads": readers, "holder": args.holder, "seq": seq, "answer": answer,
    });
    output.data(&made, |_| {
        let holder = if args.holder { ", and holds the organisation's keys with you" } else { "" };
        let reads = readers.iter().copied().collect::<Vec<_>>().join(", ");
        format!(
            "{} signs with “{}” now, reads what is for {reads}{holder}.\nRead this back to them, over the same telephone: {answer}",
            person.name, device.name
        )
    })
}

/// States the keys of somebody whose code was compared, and hands them the keys of these roles. Answers the number of the statement.
async fn confirm(
    home: &Home,
    (hub, keyring): (&HubClient, &Keyring),
    (person, member, device): (&Person, &Member, &Device),
    (readers, holder): (&BTreeSet<&str>, bool),
) -> Result<Option<i64>, CliError> {
    let mut changes = Changes::default();
    for (jwk, role, state) in [(&member.jwk, MEMBER_ROLE, member.state), (&device.jwk, "sign", device.state)]
    {
        match state {
            None => changes.stated.push((jwk.clone(), role.to_owned())),
            Some(KeyState::Announced | KeyState::Active) => {}
            Some(KeyState::Retired | KeyState::Revoked) => {
                return Err(CliError::new(
                    Code::new("key.revoked_before", Fault::Refused),
                    format!(
                        "a key of {} was retired or revoked before; let them give up the device on the key page and add it anew",
                        person.name
                    ),
                ));
            }
        }
    }
    let seq =
        if changes.stated.is_empty() { None } else { Some(publish_with(home, keyring, &changes).await?) };
    let mut handed = Vec::new();
    for (role, key) in &keyring.readers {
        if readers.contains(role.as_str()) {
            handed.push(handed_to(hub, (role, key.kid()), &key.to_secret_jwk(), &member.jwk)?);
        }
    }
    if holder {
        let root = &keyring.root;
        handed.push(handed_to(hub, (ROOT_ROLE, root.kid()), &root.to_secret_jwk(), &member.jwk)?);
    }
    hand(hub, &handed).await?;
    Ok(seq)
}

/// Confirms every device that waits, without anybody having compared a code: for the demonstration, where all sides sit at one machine,
/// and for nothing else. Answers what would be read back, with whom it is for.
pub(in crate::cli) async fn confirm_without_asking(
    home: &Home,
    keyring: &Keyring,
) -> Result<Vec<(String, String)>, CliError> {
    let hub = sign_in(home, keyring).await?;
    let mut answers = Vec::new();
    for person in people(&hub).await? {
        let Some(member) = &person.member else { continue };
        for device in person.devices.iter().filter(|device| device.waits()) {
            let readers = usual(&person);
            confirm(home, (&hub, keyring), (&person, member, device), (&readers, false)).await?;
            let keys = (member.jwk.kid(), device.jwk.kid());
            let answer = answer_code((hub.organisation, keyring.root.kid()), person.staff, keys);
            answers.push((format!("{}, {}", person.name, device.name), answer.to_string()));
        }
    }
    Ok(answers)
}

/// What somebody reads by what they may do.
fn usual(person: &Person) -> BTreeSet<&'static str> {
    let (intake, case_worker) =
        (person.roles.contains(&Role::Intake), person.roles.contains(&Role::CaseWorker));
    (intake || case_worker)
        .then_some("intake")
        .into_iter()
        .chain(case_worker.then_some("case_worker"))
        .collect()
}

/// The roles whose keys a person gets: as asked, or by what they may do.
fn readers<'a>(args: &'a Admit, person: &Person, keyring: &Keyring) -> Result<BTreeSet<&'a str>, CliError> {
    let mut readers: BTreeSet<&str> = args.readers.iter().map(String::as_str).collect();
    if readers.is_empty() {
        readers = usual(person);
    }
    let own = roles_of(keyring);
    match readers.iter().find(|role| !own.iter().any(|(known, _)| known == *role)) {
        Some(unknown) => Err(CliError::new(
            Code::new("key.no_such_role", Fault::NotFound),
            format!("this home has no key for {unknown}; see throughline key list"),
        )),
        None => Ok(readers),
    }
}

/// Revokes what was given up and what belongs to nobody any more.
pub(super) async fn clear_out(home: &Home, output: &Output) -> Result<(), CliError> {
    let passphrase = home.passphrase("Passphrase: ")?;
    let mut keyring = home.keyring(&passphrase)?;
    let hub = sign_in(home, &keyring).await?;
    let (people, said) = (people(&hub).await?, own_statements(home, &hub).await?);
    let stands = |key: &&StatedKey| matches!(key.status, KeyState::Active | KeyState::Announced);
    let is_somebodys = |kid: &Kid| {
        people.iter().any(|one| one.member.as_ref().is_some_and(|member| member.jwk.kid() == kid))
    };
    let orphaned: Vec<&StatedKey> = said
        .keys
        .iter()
        .filter(stands)
        .filter(|key| key.role == MEMBER_ROLE && !is_somebodys(key.jwk.kid()))
        .collect();
    let devices = people.iter().flat_map(|person| &person.devices).filter(|device| device.is_to_be_revoked());
    let kids: Vec<Kid> = devices
        .map(|device| device.jwk.kid())
        .chain(orphaned.iter().map(|key| key.jwk.kid()))
        .cloned()
        .collect();
    let mut renewed = Vec::new();
    if !orphaned.is_empty() {
        for (role, _) in roles_of(&keyring) {
            renew(&mut keyring, &role)?;
            renewed.push(role);
        }
        home.keep(&SystemIds, &keyring, &passphrase)?;
    }
    if !kids.is_empty() {
        let revoked = kids.iter().map(|kid| Revoked { kid: kid.clone(), compromised_at: None }).collect();
        publish_with(home, &keyring, &Changes { revoked, ..Changes::default() }).await?;
    }
    // All of them: what broke off before may not have reached everybody.
    let roles: Vec<String> = roles_of(&keyring).into_iter().map(|(role, _)| role).collect();
    hand_anew(home, &keyring, &roles).await?;
    let made = json!({ "revoked": kids, "renewed": renewed });
    output.data(&made, |_| match (kids.len(), renewed.is_empty()) {
        (0, _) => String::from("Nothing to revoke."),
        (number, true) => format!("Revoked {number} keys."),
        (number, false) => format!(
            "Revoked {number} keys. Somebody left: there are new keys for {}, and those who stay have them.",
            renewed.join(", ")
        ),
    })
}

/// The keys that a person who is still there has, and that our own statement confirms: what the hub says of a person is not enough.
fn theirs<'a>(person: &'a Person, stated: &'a [StatedKey]) -> impl Iterator<Item = &'a StatedKey> {
    let devices = person.devices.iter().filter(|device| !device.given_up).map(|device| (&device.jwk, "sign"));
    let member = person.member.as_ref().map(|member| (&member.jwk, MEMBER_ROLE));
    devices.chain(member).filter(|_| !person.removed).filter_map(|(jwk, role)| {
        stated.iter().find(|key| key.jwk == *jwk && key.role == role && key.status == KeyState::Active)
    })
}

/// Whether a key ends soon, or has ended.
fn ends_soon(key: &StatedKey, now: i64) -> bool {
    key.exp < now.saturating_add(RENEWED_DAYS.saturating_mul(86_400))
}

/// How many keys of people one statement renews. The newest keys of this home stand in it as well.
const RENEWED_AT_ONCE: usize = MAX_KEYS / 2;

/// Renews what ends soon.
pub(super) async fn renew_all(home: &Home, output: &Output) -> Result<(), CliError> {
    let passphrase = home.passphrase("Passphrase: ")?;
    let mut keyring = home.keyring(&passphrase)?;
    let hub = sign_in(home, &keyring).await?;
    let (people, said) = (people(&hub).await?, own_statements(home, &hub).await?);
    let now = SystemClock.now().seconds();
    let of_people: Vec<(Kid, &Name)> = people
        .iter()
        .flat_map(|person| theirs(person, &said.keys).map(move |key| (key, &person.name)))
        .filter(|(key, _)| ends_soon(key, now))
        .map(|(key, name)| (key.jwk.kid().clone(), name))
        .collect();
    let own = roles_of(&keyring).into_iter().chain([(String::from("sign"), keyring.signing.kid().clone())]);
    let ends = |kid: &Kid| said.keys.iter().any(|key| key.jwk.kid() == kid && ends_soon(key, now));
    let own: Vec<(String, Kid)> = own.collect();
    // Made before, and not published when that broke off.
    let is_unsaid = own.iter().any(|(_, kid)| !said.keys.iter().any(|key| key.jwk.kid() == kid));
    let roles: Vec<String> = own.into_iter().filter(|(_, kid)| ends(kid)).map(|(role, _)| role).collect();
    for role in &roles {
        renew(&mut keyring, role)?;
    }
    if !roles.is_empty() {
        home.keep(&SystemIds, &keyring, &passphrase)?;
    }
    let kids: Vec<Kid> = of_people.iter().map(|(kid, _)| kid.clone()).collect();
    for some in kids.chunks(RENEWED_AT_ONCE) {
        publish_with(home, &keyring, &Changes { prolonged: some.to_vec(), ..Changes::default() }).await?;
    }
    if kids.is_empty() && (is_unsaid || !roles.is_empty()) {
        publish_with(home, &keyring, &Changes::default()).await?;
    }
    // All of them: what broke off before may not have reached everybody.
    let readers: Vec<String> = roles_of(&keyring).into_iter().map(|(role, _)| role).collect();
    hand_anew(home, &keyring, &readers).await?;
    let names: BTreeSet<&Name> = of_people.iter().map(|(_, name)| *name).collect();
    let made = json!({ "prolonged": kids, "renewed": roles });
    output.data(&made, |_| {
        let mut told = Vec::new();
        if !names.is_empty() {
            let names = names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            told.push(format!("Another year for the keys of {names}."));
        }
        if !roles.is_empty() {
            told.push(format!(
                "There are new keys for {}; those who had the old ones have them.",
                roles.join(", ")
            ));
        }
        if told.is_empty() {
            told.push(String::from("No key ends within sixty days."));
        }
        told.join("\n")
    })
}

/// Hands the newest key of each of these roles to everybody whom our own statement confirms, who had an older one of the role, and has not
/// got it yet.
pub(super) async fn hand_anew(home: &Home, keyring: &Keyring, roles: &[String]) -> Result<(), CliError> {
    let hub = sign_in(home, keyring).await?;
    let (people, said) = (people(&hub).await?, own_statements(home, &hub).await?);
    // What the hub says of a person is not enough: only keys that our own statement confirms get anything.
    let confirmed = |member: &Member| {
        said.keys
            .iter()
            .any(|key| key.jwk == member.jwk && key.role == MEMBER_ROLE && key.status == KeyState::Active)
    };
    let mut handed = Vec::new();
    for role in roles {
        let mut keys = keyring.readers.iter().filter(|(known, _)| known == role).map(|(_, key)| key);
        let Some(newest) = keys.next() else { continue };
        let older: Vec<&Kid> = keys.map(DecryptionKey::kid).collect();
        let entitled = people.iter().filter_map(|person| person.member.as_ref()).filter(|member| {
            confirmed(member)
                && member.keyrings.iter().any(|kid| older.contains(&kid))
                && !member.keyrings.contains(newest.kid())
        });
        for member in entitled {
            handed.push(handed_to(&hub, (role, newest.kid()), &newest.to_secret_jwk(), &member.jwk)?);
        }
    }
    hand(&hub, &handed).await
}

async fn sign_in(home: &Home, keyring: &Keyring) -> Result<HubClient, CliError> {
    HubClient::sign_in(&home.connection()?, keyring, &SystemClock, &SystemIds).await
}

async fn people(hub: &HubClient) -> Result<Vec<Person>, CliError> {
    let rows = hub.all(&format!("/api/v1/organisations/{}/custody", hub.organisation)).await?;
    rows.into_iter()
        .map(|row| {
            serde_json::from_value(row).map_err(|_ignored| {
                CliError::new(
                    Code::new("known.unusable", Fault::Refused),
                    "the hub's answer is not of the expected form",
                )
            })
        })
        .collect()
}

/// The reader roles of a home with their newest keys.
fn roles_of(keyring: &Keyring) -> Vec<(String, Kid)> {
    let mut newest: Vec<(String, Kid)> = Vec::new();
    for (role, key) in &keyring.readers {
        if !newest.iter().any(|(known, _)| known == role) {
            newest.push((role.clone(), key.kid().clone()));
        }
    }
    newest
}

/// The roles a person reads for, of those of this home.
fn held<'a>(member: &Member, own: &'a [(String, Kid)]) -> Vec<&'a str> {
    own.iter().filter(|(_, kid)| member.keyrings.contains(kid)).map(|(role, _)| role.as_str()).collect()
}

/// A key of the organisation, sealed to a member key.
fn handed_to(
    hub: &HubClient,
    (role, kid): (&str, &Kid),
    secret: &Secret<String>,
    member: &PublicJwk,
) -> Result<Value, CliError> {
    let unusable =
        || CliError::new(Code::new("key.unusable", Fault::Refused), "a person's key cannot be encrypted to");
    let to = member.encrypter().ok_or_else(unusable)?;
    // Written out, so that the private number passes through nothing that is not wiped.
    let plain = Secret::new(format!(
        r#"{{"v":1,"org":"{}","role":"{role}","member":"{}","jwk":{}}}"#,
        hub.organisation,
        member.kid(),
        secret.expose()
    ));
    let token = encrypt_keyring(&to, &SystemIds, plain.expose().as_bytes())?;
    Ok(json!({ "role": role, "kid": kid, "member": member.kid(), "token": token }))
}

async fn hand(hub: &HubClient, handed: &[Value]) -> Result<(), CliError> {
    let path = format!("/api/v1/organisations/{}/keyrings", hub.organisation);
    for some in handed.chunks(AT_ONCE) {
        hub.post(&path, &json!({ "keyrings": some })).await?;
    }
    Ok(())
}
