//! A document made ready for questions: what the authorisation rule asks of an agreement, answered without searching lists.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::document::{Document, Flow, OnwardRule, Retention, StricterTier};
use crate::{
    kernel::{
        Digest, Timestamp,
        id::{AgreementId, OrganisationId},
    },
    members::Country,
    policy::{CategoryCode, FieldId, PurposeCode, ReaderRole, ServiceCode},
};

/// One version of an agreement, indexed.
#[derive(Clone, Debug)]
pub struct Terms {
    document: Document,
    digest: Digest,
    flows: HashMap<(OrganisationId, OrganisationId), FlowTerms>,
    categories: BTreeSet<CategoryCode>,
    fields: BTreeMap<FieldId, ReaderRole>,
}

/// What may flow in one direction.
#[derive(Clone, Debug, Default)]
pub struct FlowTerms {
    /// The services it is for.
    pub services: BTreeSet<ServiceCode>,
    /// The fields of each purpose, with the stricter tier the parties gave them.
    pub purposes: BTreeMap<PurposeCode, BTreeMap<FieldId, Option<StricterTier>>>,
}

impl Terms {
    /// Indexes a document. `digest` is that of its exact bytes.
    pub fn of(document: Document, digest: Digest) -> Self {
        let flows = document.flows.iter().map(|flow| ((flow.from, flow.to), FlowTerms::of(flow))).collect();
        let categories = document.sensitive.categories.iter().map(|open| open.category.clone()).collect();
        let fields = document
            .sensitive
            .fields
            .iter()
            .filter(|open| open.dual_approval)
            .map(|open| (open.field.clone(), open.role.clone()))
            .collect();
        Self { document, digest, flows, categories, fields }
    }

    /// The agreement.
    pub fn id(&self) -> AgreementId {
        self.document.id
    }

    /// The version.
    pub fn version(&self) -> u32 {
        self.document.version
    }

    /// Digest of the document's exact bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The document itself.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The parties, in the order of their ids.
    pub fn parties(&self) -> Vec<OrganisationId> {
        let parties: BTreeSet<OrganisationId> = self.document.parties.iter().map(|party| party.org).collect();
        parties.into_iter().collect()
    }

    /// What may flow from one party to another; `None` when nothing may.
    pub fn flow(&self, from: OrganisationId, to: OrganisationId) -> Option<&FlowTerms> {
        self.flows.get(&(from, to))
    }

    /// Whether a sensitive category is opened.
    pub fn opens_category(&self, category: &CategoryCode) -> bool {
        self.categories.contains(category)
    }

    /// The role that may read a field of the highest level, when the field is opened.
    pub fn opens_field(&self, field: &FieldId) -> Option<&ReaderRole> {
        self.fields.get(field)
    }

    /// How long a purpose may keep data.
    pub fn retention(&self, purpose: &PurposeCode) -> Option<&Retention> {
        self.document.retention.iter().find(|retention| retention.purpose == *purpose)
    }

    /// To whom data may be passed on.
    pub fn onward(&self) -> OnwardRule {
        self.document.onward.rule
    }

    /// Whether the agreement says how data is destroyed.
    pub fn names_destruction(&self) -> bool {
        !self.document.destruction.methods.is_empty()
    }

    /// Whether a packet profile is allowed.
    pub fn allows_profile(&self, profile: &str) -> bool {
        self.document.crypto.profiles.iter().any(|allowed| allowed.as_str() == profile)
    }

    /// Whether data may go between two countries. Within one country nothing is needed.
    pub fn covers_transfer(&self, from: Country, to: Country) -> bool {
        from == to
            || self.document.transfers.iter().any(|transfer| transfer.from == from && transfer.to == to)
    }

    /// Whether there is an impact assessment that is not out of date.
    pub fn assessed(&self, at: Timestamp) -> bool {
        self.document.dpia.as_ref().is_some_and(|dpia| at < dpia.until)
    }
}

impl FlowTerms {
    fn of(flow: &Flow) -> Self {
        let purposes = flow
            .purposes
            .iter()
            .map(|purpose| {
                let items = purpose.items.iter().map(|item| (item.field.clone(), item.tier)).collect();
                (purpose.purpose.clone(), items)
            })
            .collect();
        Self { services: flow.services.iter().cloned().collect(), purposes }
    }
}
