//! The two limits no hub on this machine could pass, measured beside it: signatures must be verified, and rows must be durable.

use std::{
    collections::HashMap,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    super::CliError,
    letters::Letters,
    store::{FindOrder, Look, Pattern},
    world::{Party, World},
};
use crate::{
    crypto::{Kid, PublicJwk},
    kernel::{
        Code, Fault, Timestamp,
        id::{OrganisationId, PacketId, SystemIds},
        time::{Clock as _, SystemClock},
    },
    members::{KeyRecord, KeyState, KeyUse},
    packets::{Arrival, HubView, KeyLookup, KnownKey, PacketError, PacketKind, verify},
    storage::{Opening, StorageError, Store, WriteFailed},
};

/// How many packets are verified in turn.
const SAMPLE: usize = 256;

/// Cores this process may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// How many packets one core verifies in a second: every check on form, keys and signatures, with the keys in memory.
pub(super) fn verifications(world: &World, letters: &Letters, length: Duration) -> Result<f64, CliError> {
    let mut bodies = Vec::new();
    for number in 0..letters.len().min(SAMPLE) {
        let mut body = Vec::new();
        letters.read(number, &mut body)?;
        bodies.push(body);
    }
    let now = SystemClock.now();
    let (mut view, arrival) = (KnownToAll::of(world, now), Arrival { caller: world.sender.id, at: now });
    let (started, mut verified) = (Instant::now(), 0u32);
    for body in bodies.iter().cycle() {
        black_box(verify(body, arrival, &mut view, &world.policy)?);
        verified = verified.saturating_add(1);
        if started.elapsed() >= length {
            break;
        }
    }
    Ok(f64::from(verified) / started.elapsed().as_secs_f64())
}

/// Everybody's keys, in memory.
struct KnownToAll {
    keys: HashMap<Kid, Arc<KnownKey>>,
}

impl KnownToAll {
    fn of(world: &World, now: Timestamp) -> Self {
        let mut all = Self { keys: HashMap::new() };
        for party in world.recipients.iter().map(|(party, _)| party).chain([&world.sender]) {
            all.learn(party, party.keyring.signing.public(), ("sign", KeyUse::Sign), now);
            for (role, key) in &party.keyring.readers {
                all.learn(party, key.public(), (role, KeyUse::Encrypt), now);
            }
        }
        all
    }

    fn learn(&mut self, party: &Party, jwk: &PublicJwk, (role, r#use): (&str, KeyUse), now: Timestamp) {
        let record = KeyRecord {
            jwk: jwk.clone(),
            organisation: party.id,
            r#use,
            role: role.to_owned(),
            state: KeyState::Active,
            from: now.minus(chrono::TimeDelta::days(1)),
            until: now.plus(chrono::TimeDelta::days(1)),
            retired_at: None,
            revoked_at: None,
            compromised_at: None,
        };
        self.keys.insert(jwk.kid().clone(), Arc::new(KnownKey::new(record)));
    }
}

impl KeyLookup for KnownToAll {
    fn key(&mut self, kid: &Kid) -> Result<Option<Arc<KnownKey>>, PacketError> {
        Ok(self.keys.get(kid).map(Arc::clone))
    }
}

impl HubView for KnownToAll {
    fn may_receive(&mut self, _organisation: OrganisationId) -> Result<bool, PacketError> {
        Ok(true)
    }

    fn may_relay(&mut self, _caller: OrganisationId, _issuer: OrganisationId) -> Result<bool, PacketError> {
        Ok(false)
    }

    fn may_refer_to(
        &mut self,
        _re: PacketId,
        _kind: PacketKind,
        _issuer: OrganisationId,
    ) -> Result<bool, PacketError> {
        Ok(false)
    }
}

/// Looks at everything in the database.
pub(super) async fn look(opening: Opening) -> Result<Look, CliError> {
    let store = opened(opening).await?;
    let look = store.read(Look::around).await;
    closed(store).await;
    Ok(look?)
}

/// How many transactions with a submit's rows are durable in a second, written through the same writers in the same batches by as many
/// callers as there are connections, without a hub.
pub(super) async fn transactions(
    opening: Opening,
    pattern: Pattern,
    callers: usize,
    length: Duration,
) -> Result<f64, CliError> {
    let store = opened(opening).await?;
    let copy = pattern.copy(&SystemIds, SystemClock.now());
    let pattern = Arc::new(store.write(FindOrder { pattern, copy }).await.map_err(unwritten)?);
    // A tenth of the time to get into step.
    let from = Instant::now() + length / 10;
    let to = from + length;
    let callers: Vec<_> = (0..callers.max(1))
        .map(|_| tokio::spawn(write_until(store.clone(), Arc::clone(&pattern), from, to)))
        .collect();
    let (mut written, mut last) = (0u32, to);
    for caller in callers {
        let of_one =
            caller.await.map_err(|_panicked| unwritten(WriteFailed::Storage(StorageError::Panicked)))?;
        let (more, ended) = of_one.map_err(unwritten)?;
        written = written.saturating_add(more);
        last = last.max(ended);
    }
    closed(store).await;
    Ok(f64::from(written) / last.saturating_duration_since(from).as_secs_f64())
}

/// Writes copies until the time is over, and at least one that counts, however slow the machine is. Gives how many were written between
/// `from` and the end, and when the last was durable.
async fn write_until(
    store: Store,
    pattern: Arc<Pattern>,
    from: Instant,
    to: Instant,
) -> Result<(u32, Instant), WriteFailed<StorageError>> {
    let mut written = 0u32;
    loop {
        store.write(pattern.copy(&SystemIds, SystemClock.now())).await?;
        let now = Instant::now();
        written = written.saturating_add(u32::from(now >= from));
        if now >= to {
            return Ok((written, now));
        }
    }
}

/// Opens a database beside the hub.
pub(super) async fn opened(opening: Opening) -> Result<Store, CliError> {
    let store = tokio::task::spawn_blocking(move || Store::open(opening)).await;
    Ok(store.map_err(|_panicked| StorageError::Panicked)??)
}

/// Lets go of it.
pub(super) async fn closed(store: Store) {
    let _panicked = tokio::task::spawn_blocking(move || store.close()).await;
}

fn unwritten(failed: WriteFailed<StorageError>) -> CliError {
    let (WriteFailed::Refused(error) | WriteFailed::Storage(error)) = failed;
    let said = CliError::from(error);
    CliError::new(
        Code::new("bench.rows", Fault::Internal),
        format!("the rows of a submit could not be written again: {said}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::Actor,
        cli::{
            bench::{letters::Content, world::arrange},
            block_on, open_hub,
        },
        config::{Settings, load_with},
        crypto::SigningKey,
        hub::Caller,
        kernel::id::RequestId,
        members::{self, RegisterClient},
    };

    fn place(folder: &std::path::Path) -> Settings {
        let settings = load_with(None, &std::collections::BTreeMap::new()).unwrap();
        arrange(settings, folder, &format!("sqlite:{}", folder.join("hub.db").display())).unwrap()
    }

    #[test]
    fn packets_of_every_size_pass_every_check_and_hold_what_they_say() {
        let folder = tempfile::tempdir().unwrap();
        let world = block_on(World::make(&place(folder.path()), 3)).unwrap().unwrap();
        let mut wire = Vec::new();
        for content in [Content::Two, Content::Eight, Content::Twenty] {
            let folder = tempfile::tempdir().unwrap();
            let letters = Letters::seal(&world, content, 3, folder.path(), &|| true).unwrap();
            assert_eq!(letters.len(), 3);
            let last = letters.certificate(2).unwrap().unwrap();
            assert!(last.split('.').count() == 3 && letters.certificate(3).unwrap().is_none(), "{last}");
            assert!(verifications(&world, &letters, Duration::from_millis(5)).unwrap() > 0.0);
            let documents = letters.mean_bytes() * 9 / 16;
            assert!(documents > usize::from(content.kilobytes()) * 1_024, "{content:?} is too small");
            wire.push(letters.mean_bytes() / 1_000);
        }
        assert_eq!(wire, [8, 23, 45]);
    }

    #[test]
    fn rows_that_a_write_left_are_found_and_written_again_with_other_ids() {
        let folder = tempfile::tempdir().unwrap();
        let settings = place(folder.path());
        let world = block_on(World::make(&settings, 1)).unwrap().unwrap();
        let opening = settings.database.opening();
        let before = block_on(look(opening.clone())).unwrap().unwrap();
        let hub = open_hub(settings).unwrap();
        let register = RegisterClient {
            name: "another".parse().unwrap(),
            roles: vec![crate::access::Role::Intake],
            key: SigningKey::generate(&SystemIds).unwrap().public().clone(),
        };
        let caller = Caller { actor: Actor::operator(), request: RequestId::new(hub.ids(), hub.now()) };
        let id = world.sender.id;
        let write = hub
            .write("members.register_client", &caller, move |tx| members::register_client(tx, id, &register));
        block_on(write).unwrap().unwrap();
        hub.store().close();
        let after = block_on(look(opening.clone())).unwrap().unwrap();
        let pattern = Pattern::between(&before, &before, &after).unwrap();
        assert_eq!(pattern.tables(), [("audit_pending", 1), ("clients", 1)].into());
        let rate = block_on(transactions(opening, pattern, 4, Duration::from_millis(50))).unwrap();
        assert!(rate.unwrap() > 0.0);
    }
}
