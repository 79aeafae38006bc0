//! Under what all of this lies.

use std::fmt;

use super::FactorError;
use crate::{
    crypto::{FileKey, OneTime, keyed_digest},
    kernel::{
        Digest, Secret,
        id::{Ids, StaffId},
    },
};

/// The node's key for second steps. Everybody's secret is sealed under a key of their own that follows from it, so that what is copied from one
/// row to another opens nothing.
#[derive(Clone)]
pub struct FactorKey(Secret<Vec<u8>>);

impl FactorKey {
    /// From a key of the node.
    pub fn of(node: &Secret<Vec<u8>>) -> Self {
        Self(Secret::new(keyed_digest(node, &[b"second step"]).as_bytes().to_vec()))
    }

    fn for_person(&self, person: StaffId) -> Result<FileKey, FactorError> {
        let own = keyed_digest(&self.0, &[b"app", person.to_string().as_bytes()]);
        FileKey::from_bytes(own.as_bytes().to_vec()).ok_or(FactorError::Sealed)
    }

    pub(super) fn seal(&self, ids: &dyn Ids, person: StaffId, app: &OneTime) -> Result<String, FactorError> {
        self.for_person(person)?.shut(ids, app.as_bytes()).map_err(|_library| FactorError::Sealed)
    }

    pub(super) fn open(&self, person: StaffId, sealed: &str) -> Result<OneTime, FactorError> {
        let bytes = self.for_person(person)?.open(sealed).map_err(|_changed| FactorError::Sealed)?;
        OneTime::from_bytes(bytes).ok_or(FactorError::Sealed)
    }

    /// What is stored of a recovery code.
    pub(super) fn digest(&self, person: StaffId, code: &str) -> Digest {
        keyed_digest(&self.0, &[b"recovery", person.to_string().as_bytes(), code.as_bytes()])
    }
}

impl fmt::Debug for FactorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FactorKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Timestamp, id::SystemIds};

    #[test]
    fn what_is_sealed_opens_for_its_person_under_its_node_alone() {
        let at = Timestamp::from_seconds(1);
        let (one, other) = (StaffId::new(&SystemIds, at), StaffId::new(&SystemIds, at));
        let (ours, theirs) =
            (FactorKey::of(&Secret::new(vec![1; 32])), FactorKey::of(&Secret::new(vec![2; 32])));
        let app = OneTime::random(&SystemIds);
        let sealed = ours.seal(&SystemIds, one, &app).unwrap();
        assert_eq!(ours.open(one, &sealed).unwrap().as_bytes(), app.as_bytes());
        assert!(ours.open(other, &sealed).is_err());
        assert!(theirs.open(one, &sealed).is_err());
        assert_ne!(ours.digest(one, "code"), ours.digest(other, "code"));
        assert_ne!(ours.digest(one, "code"), theirs.digest(one, "code"));
    }
}
