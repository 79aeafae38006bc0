//! Ten codes on paper, for when the telephone is not there.

use serde::Serialize;

use super::{
    FactorError, FactorKey,
    standing::{is_on, own},
    store,
};
use crate::{
    access::Tx,
    audit,
    kernel::id::{Ids, StaffId},
};

/// How many codes somebody has.
pub const MANY: usize = 10;

/// Characters of a code: five bits each, eighty together.
const LENGTH: usize = 16;

/// How many characters stand together.
const GROUP: usize = 4;

/// What codes are made of: nothing that is read as something else.
const LETTERS: [char; 32] = [
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W',
    'X', 'Y', 'Z', '2', '3', '4', '5', '6', '7', '8', '9',
];

/// Codes that each open once. Shown this once; the hub keeps digests.
#[derive(Serialize, utoipa::ToSchema)]
pub struct RecoveryCodes {
    /// Four groups of four characters each.
    #[schema(max_items = 10)]
    pub recovery_codes: Vec<String>,
}

/// Makes new codes for oneself. Those there were open nothing any more.
pub fn new_recovery_codes(tx: &mut Tx<'_>, key: &FactorKey) -> Result<RecoveryCodes, FactorError> {
    let person = own(tx.actor())?;
    if !is_on(tx.db(), person)? {
        return Err(FactorError::Off);
    }
    let codes = make(tx, person, key)?;
    audit::record(tx, &audit::Record::about(&person.to_string()))?;
    Ok(codes)
}

pub(super) fn make(tx: &mut Tx<'_>, person: StaffId, key: &FactorKey) -> Result<RecoveryCodes, FactorError> {
    store::delete_recovery(tx, person)?;
    let mut recovery_codes = Vec::with_capacity(MANY);
    for _code in 0..MANY {
        let code = code(tx.ids());
        store::insert_recovery(tx, person, key.digest(person, &plain(&code)))?;
        recovery_codes.push(code);
    }
    Ok(RecoveryCodes { recovery_codes })
}

fn code(ids: &dyn Ids) -> String {
    let mut random = [0u8; LENGTH];
    ids.random(&mut random);
    let letter = |byte: &u8| LETTERS.get(usize::from(*byte) % LETTERS.len()).copied().unwrap_or('A');
    let groups = random.chunks(GROUP).map(|group| group.iter().map(letter).collect::<String>());
    groups.collect::<Vec<_>>().join("-")
}

/// A code as it was typed, without what parts its groups.
pub(super) fn plain(typed: &str) -> String {
    typed
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(LENGTH + 1)
        .collect::<String>()
        .to_ascii_uppercase()
}

/// Whether it is of the form of such a code.
pub(super) fn is_one(plain: &str) -> bool {
    plain.len() == LENGTH
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::SystemIds;

    #[test]
    fn a_code_is_read_as_it_was_written_down() {
        let code = code(&SystemIds);
        assert_eq!((code.len(), code.matches('-').count()), (19, 3));
        let typed = code.to_ascii_lowercase().replace('-', " ");
        assert_eq!(plain(&typed), code.replace('-', ""));
        assert!(is_one(&plain(&typed)) && !is_one("123456") && !is_one(&plain(&format!("{code}A"))));
    }
}
