//! What one version of an agreement allows that another does not. Pure.
//!
//! Narrowing an agreement narrows every permission at once, because the current version is what the rule reads. Widening it
//! never widens a permission given before: [`wider_for`] says which part of a packet rests on what was added later.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    document::{Document, Keep, OnwardRule},
    terms::Terms,
};
use crate::{
    kernel::id::OrganisationId,
    members::Country,
    policy::{FieldId, PurposeCode, ServiceCode},
};

/// One thing that one version allows and the other does not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Part {
    /// A direction.
    Flow {
        /// Who discloses.
        from: OrganisationId,
        /// Who receives.
        to: OrganisationId,
    },
    /// A service in a direction.
    Service {
        /// Who discloses.
        from: OrganisationId,
        /// Who receives.
        to: OrganisationId,
        /// The service.
        service: ServiceCode,
    },
    /// A purpose in a direction.
    Purpose {
        /// Who discloses.
        from: OrganisationId,
        /// Who receives.
        to: OrganisationId,
        /// The purpose.
        purpose: PurposeCode,
    },
    /// A field for a purpose in a direction.
    Field {
        /// Who discloses.
        from: OrganisationId,
        /// Who receives.
        to: OrganisationId,
        /// The purpose.
        purpose: PurposeCode,
        /// The field.
        field: FieldId,
    },
    /// An opened sensitive category or field.
    Opening {
        /// Category code or field id.
        code: String,
    },
    /// Days of retention for a purpose.
    Retention {
        /// The purpose.
        purpose: PurposeCode,
        /// The longer period.
        days: u32,
    },
    /// Passing on.
    Onward,
    /// A pair of countries.
    Transfer {
        /// From where.
        from: String,
        /// To where.
        to: String,
    },
}

/// The difference between two versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// What the newer version allows and the older did not.
    pub wider: BTreeSet<Part>,
    /// What the older version allowed and the newer does not.
    pub narrower: BTreeSet<Part>,
}

impl Changes {
    /// Compares two versions.
    pub fn between(old: &Document, new: &Document) -> Self {
        let (before, after) = (Allowed::by(old), Allowed::by(new));
        Self { wider: after.beyond(&before), narrower: before.beyond(&after) }
    }
}

struct Allowed {
    parts: BTreeSet<Part>,
    retention: BTreeMap<PurposeCode, u32>,
}

impl Allowed {
    fn by(document: &Document) -> Self {
        let mut parts = BTreeSet::new();
        for flow in &document.flows {
            let (from, to) = (flow.from, flow.to);
            parts.insert(Part::Flow { from, to });
            parts.extend(flow.services.iter().map(|service| Part::Service {
                from,
                to,
                service: service.clone(),
            }));
            for purpose in &flow.purposes {
                parts.insert(Part::Purpose { from, to, purpose: purpose.purpose.clone() });
                parts.extend(purpose.items.iter().map(|item| Part::Field {
                    from,
                    to,
                    purpose: purpose.purpose.clone(),
                    field: item.field.clone(),
                }));
            }
        }
        let categories = document.sensitive.categories.iter().map(|open| open.category.to_string());
        let fields = document.sensitive.fields.iter().map(|open| open.field.to_string());
        parts.extend(categories.chain(fields).map(|code| Part::Opening { code }));
        parts.extend(
            document.transfers.iter().map(|transfer| Part::Transfer {
                from: transfer.from.to_string(),
                to: transfer.to.to_string(),
            }),
        );
        if document.onward.rule != OnwardRule::None {
            parts.insert(Part::Onward);
        }
        let retention = document.retention.iter().map(|r| (r.purpose.clone(), r.days)).collect();
        Self { parts, retention }
    }

    fn beyond(&self, other: &Self) -> BTreeSet<Part> {
        let longer = self.retention.iter().filter_map(|(purpose, days)| {
            let longer = other.retention.get(purpose).is_some_and(|theirs| theirs < days);
            longer.then(|| Part::Retention { purpose: purpose.clone(), days: *days })
        });
        self.parts.difference(&other.parts).cloned().chain(longer).collect()
    }
}

/// What a packet asks of an agreement, for [`wider_for`].
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// Who discloses, and where it is.
    pub from: (OrganisationId, Country),
    /// Who receives, and where it is.
    pub to: (OrganisationId, Country),
    /// The service.
    pub service: &'a ServiceCode,
    /// The purpose.
    pub purpose: &'a PurposeCode,
    /// How long the recipient may keep it.
    pub keep: Option<Keep>,
    /// Whether it may be passed on.
    pub onward: OnwardRule,
}

/// Which part of a packet the version of consent time did not allow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wider {
    /// Fields that were not listed or not opened.
    pub fields: BTreeSet<FieldId>,
    /// Whether the packet as a whole rests on something new: the direction, service, purpose, a longer retention, passing on
    /// or a new country.
    pub whole: bool,
}

impl Wider {
    /// Whether nothing is wider.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && !self.whole
    }
}

/// Which part of a use the older version did not allow. `sensitive` tells for a field whether it needs an opening of its
/// category or of its own.
pub fn wider_for<'f>(
    old: &Terms,
    asked: Use<'_>,
    fields: impl IntoIterator<Item = &'f FieldId>,
    opened: impl Fn(&Terms, &FieldId) -> bool,
) -> Wider {
    let Some(flow) = old.flow(asked.from.0, asked.to.0) else {
        return Wider { fields: fields.into_iter().cloned().collect(), whole: true };
    };
    let Some(items) = flow.purposes.get(asked.purpose) else {
        return Wider { fields: fields.into_iter().cloned().collect(), whole: true };
    };
    let longer = match (asked.keep, old.retention(asked.purpose)) {
        (Some(keep), Some(agreed)) => !agreed.covers(keep),
        (Some(_), None) => true,
        (None, _) => false,
    };
    Wider {
        fields: fields
            .into_iter()
            .filter(|field| !items.contains_key(*field) || !opened(old, field))
            .cloned()
            .collect(),
        whole: !flow.services.contains(asked.service)
            || longer
            || !asked.onward.within(old.onward())
            || !old.covers_transfer(asked.from.1, asked.to.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreements::sample;

    fn newer(edit: impl FnOnce(&mut Document)) -> Changes {
        let old = sample::document();
        let mut new = old.clone();
        edit(&mut new);
        Changes::between(&old, &new)
    }

    #[test]
    fn a_field_more_is_wider_and_a_field_less_is_narrower() {
        let more = newer(|d| {
            let item = d.flows[0].purposes[0].items[9].clone();
            d.flows[0].purposes[1].items.push(item);
        });
        assert_eq!((more.wider.len(), more.narrower.len()), (1, 0));
        let less = newer(|d| {
            d.flows[0].purposes[0].items.pop();
        });
        assert_eq!((less.wider.len(), less.narrower.len()), (0, 1));
    }

    #[test]
    fn longer_retention_passing_on_and_a_new_country_are_wider() {
        let changes = newer(|d| {
            d.retention[0].days = 365;
            d.onward.rule = OnwardRule::SameLegalPerson;
            d.transfers.push(
                serde_json::from_value(serde_json::json!({"from": "ZM", "to": "MW", "mechanism": "A45-3"}))
                    .unwrap(),
            );
        });
        assert_eq!(changes.narrower.len(), 0);
        assert_eq!(
            serde_json::to_value(&changes.wider).unwrap(),
            serde_json::json!([
                { "what": "retention", "purpose": "P01", "days": 365 },
                { "what": "onward" },
                { "what": "transfer", "from": "ZM", "to": "MW" },
            ])
        );
    }

    #[test]
    fn a_use_knows_which_of_its_parts_an_older_version_did_not_allow() {
        let old = sample::terms(|_| {});
        let (service, other) = ("SV07".parse().unwrap(), "SV08".parse().unwrap());
        let purpose = "P01".parse().unwrap();
        let zm = "ZM".parse().unwrap();
        let asked = Use {
            from: (sample::harbour(), zm),
            to: (sample::clinic(), zm),
            service: &service,
            purpose: &purpose,
            keep: None,
            onward: OnwardRule::None,
        };
        let fields: [FieldId; 2] = ["CF.name".parse().unwrap(), "CF.nationality".parse().unwrap()];
        let all = |_: &Terms, _: &FieldId| true;
        let wider = wider_for(&old, asked, &fields, all);
        assert_eq!((wider.whole, wider.fields), (false, [fields[1].clone()].into()));
        assert!(wider_for(&old, Use { service: &other, ..asked }, &fields[..1], all).whole);
        assert!(
            wider_for(&old, Use { to: (sample::clinic(), "MW".parse().unwrap()), ..asked }, [], all).whole
        );
        assert!(wider_for(&old, Use { onward: OnwardRule::Listed, ..asked }, [], all).whole);
        let back = Use { from: asked.to, to: asked.from, ..asked };
        assert_eq!(wider_for(&old, back, &fields, all).fields.len(), 2);
    }
}
