//! What whoever looks after the members sees of each: how many people it has, and for how long others can write to it.

use std::collections::{BTreeMap, HashMap};

use super::{MemberError, store};
use crate::{
    access::{Actor, Permission},
    kernel::{Timestamp, id::OrganisationId},
    storage::Db,
};

/// What there is of an organisation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// How many people are enrolled and were not removed.
    pub people: i64,
    /// Until when something can be sealed for each of its reader roles, as it stated last.
    pub readers: BTreeMap<String, Timestamp>,
}

impl Overview {
    /// When the first of its reader roles can be written to no more; nothing as long as it has stated no key.
    pub fn ends(&self) -> Option<Timestamp> {
        self.readers.values().min().copied()
    }
}

/// What there is of these organisations, for whoever looks after the members. One that has neither people nor keys is left out.
pub fn overviews(
    db: &mut Db<'_>,
    actor: &Actor,
    ids: &[OrganisationId],
) -> Result<HashMap<OrganisationId, Overview>, MemberError> {
    actor.may(Permission::ManageMembers)?;
    let mut found: HashMap<OrganisationId, Overview> = HashMap::new();
    for (organisation, people) in store::people_of(db, ids)? {
        found.entry(organisation).or_default().people = people;
    }
    for (organisation, role, until) in store::readers_of(db, ids)? {
        found.entry(organisation).or_default().readers.insert(role, until);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_that_ends_first_says_when() {
        let at = Timestamp::from_seconds;
        let readers = [("intake", at(30)), ("medical", at(20))].map(|(role, until)| (role.to_owned(), until));
        let overview = Overview { people: 2, readers: readers.into() };
        assert_eq!((overview.ends(), Overview::default().ends()), (Some(at(20)), None));
    }
}
