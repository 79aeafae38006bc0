//! What only the hub can tell a gateway: keys, and whether the others take part.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use crate::{
    agreements::{Standing, Terms},
    cli::{
        CliError,
        client::HubClient,
        home::{Home, Keyring},
        known::{KnownKeys, node_key},
        policy,
        session::{part, text},
    },
    consent::{Availability, CitedCertificate, Covering, Member, Offer, SeenCertificate},
    crypto::VerifyingKey,
    kernel::{
        Timestamp,
        id::{CertificateId, OrganisationId, PacketId, ReferralId, SystemIds},
        time::SystemClock,
    },
    packets::{Envelope, Reader, claimed},
    policy::Policy,
    referrals::StateName,
};

/// A gateway that is signed in and knows the keys of the others.
pub(super) struct Gateway {
    /// This organisation's keys.
    pub(super) keyring: Keyring,
    /// This organisation.
    pub(super) organisation: OrganisationId,
    /// Keys of the others.
    pub(super) keys: KnownKeys,
    /// The node's receipt key.
    pub(super) node: Arc<VerifyingKey>,
    /// What the hub judges by.
    pub(super) policy: Policy,
    members: BTreeMap<OrganisationId, Value>,
    hub: HubClient,
}

impl Gateway {
    /// Signs in and fetches what there is to know of these organisations and of our own.
    pub(super) async fn reach(
        home: &Home,
        keyring: Keyring,
        others: &[OrganisationId],
    ) -> Result<Self, CliError> {
        let hub = HubClient::sign_in(&home.connection()?, &keyring, &SystemClock, &SystemIds).await?;
        policy::follow(home, &hub).await?;
        let (organisation, policy) = (hub.organisation, policy::of(home)?);
        let (mut keys, mut members) = (KnownKeys::default(), BTreeMap::new());
        for id in others.iter().chain([&organisation]) {
            keys.add(home, &hub, *id).await?;
            members.insert(*id, hub.get(&format!("/api/v1/organisations/{id}")).await?.body);
        }
        let node = node_key(home, &hub).await?;
        Ok(Self { keyring, organisation, keys, node, policy, members, hub })
    }

    /// What the rule asks of an organisation.
    pub(super) fn member(&self, id: OrganisationId, now: Timestamp) -> Option<Member> {
        let known = self.members.get(&id)?;
        let text = |name: &str| known.get(name).and_then(Value::as_str);
        Some(Member {
            id,
            active: text("standing") == Some("active"),
            country: text("country")?.parse().ok()?,
            enforcement: known.get("enforcement").and_then(Value::as_bool).unwrap_or(false),
            authority_of: text("authority_of").and_then(|country| country.parse().ok()),
            calendar: None,
            roles: self.keys.readers(id, now).into_iter().filter_map(|key| key.role.parse().ok()).collect(),
        })
    }

    /// Every role of the recipient, and one key of ours to read our own packet again.
    pub(super) fn readers(&self, recipient: OrganisationId, now: Timestamp) -> Vec<Reader> {
        let reader = |key: &crate::members::KeyRecord| {
            let encrypter = key.jwk.encrypter()?;
            Some(Reader { organisation: key.organisation, role: key.role.parse().ok()?, key: encrypter })
        };
        let own = self.keys.readers(self.organisation, now);
        let own = own.iter().find(|key| key.role == "case_worker").or(own.first()).copied();
        self.keys.readers(recipient, now).into_iter().chain(own).filter_map(reader).collect()
    }

    /// What this organisation may see of a certificate that was issued for it.
    pub(super) async fn certificate(&self, id: CertificateId) -> Result<SeenCertificate, CliError> {
        let seen = self.hub.get(&format!("/api/v1/certificates/{id}")).await?.body;
        Ok(SeenCertificate {
            cited: CitedCertificate { id: part(&seen, "id")?, digest: part(&seen, "digest")? },
            subject: part(&seen, "subject")?,
            status: part(&seen, "status")?,
            denied: part(&seen, "denied")?,
            expires: part(&seen, "expires")?,
        })
    }

    /// Whether this organisation is serving the person of a referral at present.
    pub(super) async fn serves(&self, referral: ReferralId) -> Result<bool, CliError> {
        let seen = self.hub.get(&format!("/api/v1/referrals/{referral}")).await?.body;
        Ok(part::<StateName>(&seen, "state")? == StateName::InService)
    }

    /// The envelope of the packet that brought a referral.
    pub(super) async fn envelope(&self, referral: ReferralId) -> Result<Envelope, CliError> {
        let seen = self.hub.get(&format!("/api/v1/referrals/{referral}")).await?.body;
        let packet: PacketId = part(&part::<Value>(&seen, "party")?, "packet")?;
        let evidence = self.hub.get(&format!("/api/v1/packets/{packet}/evidence")).await?.body;
        Ok(claimed(text(&evidence, "envelope"))?)
    }

    /// Hands a signed statement about a packet in.
    pub(super) async fn state(&self, packet: PacketId, receipt: &str) -> Result<(), CliError> {
        let path = format!("/api/v1/packets/{packet}/receipts");
        self.hub.post(&path, &json!({ "receipt": receipt })).await.map(drop)
    }
}

/// What the directory says is known at the hub only, and taken to be in order here.
pub(super) const fn offered() -> Offer {
    Offer::told(true, Availability::Open)
}

/// How an agreement stands today is known at the hub only; a kept one is taken to be in force here.
pub(super) fn covering(terms: &Arc<Terms>) -> Covering {
    Covering {
        terms: Some(Arc::clone(terms)),
        standing: Standing::Active,
        flow_stopped: false,
        signed: true,
        current_version: Some(terms.version()),
        reverse: false,
        sent_today: 0,
    }
}
