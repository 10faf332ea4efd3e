//! Role grants: who may run an installation, so that nobody else can have written it down.

use std::fmt;

use kleis_types::{InstallationId, Role, Timestamp};

use crate::derive::{Key, Label};
use crate::{RootKek, WrapError};

/// Everything in the row of a role grant: all of it is under the MAC.
#[derive(Clone, Copy)]
pub struct RoleFields<'a> {
    /// The person: the registrant's id, text form.
    pub person: &'a str,
    /// The role.
    pub role: Role,
    /// The state, by its stored name.
    pub state: &'a str,
    /// When it was granted.
    pub granted_at: Timestamp,
    /// Who granted it: `x5t#S256` of the operator's certificate, or `bootstrap`.
    pub granted_by: &'a str,
    /// The row's version.
    pub version: u64,
}

impl fmt::Debug for RoleFields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleFields")
            .field("role", &self.role)
            .field("state", &self.state)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl RootKek {
    /// The MAC over the row of a role grant, to be stored in it.
    pub fn role_mac(&self, installation: &InstallationId, grant: &RoleFields<'_>) -> [u8; 32] {
        let key = self.role_key(installation);
        grant.with_mac_fields(|fields| key.mac(fields))
    }

    /// Verifies the MAC over the row of a role grant, in constant time.
    ///
    /// # Errors
    /// [`WrapError::RoleTampered`] if the row is not as it was written, was written for another
    /// person, or by another installation.
    pub fn verify_role_mac(
        &self,
        installation: &InstallationId,
        grant: &RoleFields<'_>,
        mac: &[u8; 32],
    ) -> Result<(), WrapError> {
        let key = self.role_key(installation);
        if grant.with_mac_fields(|fields| key.verifies(fields, mac)) {
            Ok(())
        } else {
            Err(WrapError::RoleTampered)
        }
    }

    fn role_key(&self, installation: &InstallationId) -> Key {
        self.derive(Label::RoleMac, &[installation.as_str().as_bytes()])
    }
}

impl RoleFields<'_> {
    fn with_mac_fields<T>(&self, then: impl FnOnce(&[&[u8]]) -> T) -> T {
        then(&[
            self.person.as_bytes(),
            self.role.as_str().as_bytes(),
            self.state.as_bytes(),
            &self.granted_at.unix().to_be_bytes(),
            self.granted_by.as_bytes(),
            &self.version.to_be_bytes(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use kleis_types::SeededRandom;

    use super::*;

    type Edit = fn(&mut RoleFields<'_>);

    fn kek(seed: u64) -> RootKek {
        RootKek::generate(&SeededRandom::new(seed))
    }

    fn installation(seed: u64) -> InstallationId {
        InstallationId::random(&SeededRandom::new(seed))
    }

    fn grant() -> RoleFields<'static> {
        RoleFields {
            person: "SSIN:85073003328",
            role: Role::Operator,
            state: "WITHDRAWN",
            granted_at: Timestamp::from_unix(1_795_000_000),
            granted_by: "bootstrap",
            version: 2,
        }
    }

    #[test]
    fn a_grant_verifies_where_it_was_written() {
        let here = installation(2);
        let mac = kek(1).role_mac(&here, &grant());
        assert_eq!(kek(1).verify_role_mac(&here, &grant(), &mac), Ok(()));
        for (seed, installation) in [(1, installation(3)), (4, here)] {
            let refused = kek(seed).verify_role_mac(&installation, &grant(), &mac);
            assert_eq!(refused, Err(WrapError::RoleTampered));
        }
    }

    #[test]
    fn no_field_can_be_edited() {
        let (kek, here) = (kek(1), installation(2));
        let mac = kek.role_mac(&here, &grant());
        let edits: [Edit; 6] = [
            |grant| grant.person = "SSIN:93051822361",
            |grant| grant.role = Role::Auditor,
            |grant| grant.state = "GRANTED",
            |grant| grant.granted_at = grant.granted_at.plus_seconds(1),
            |grant| grant.granted_by = "x5t",
            |grant| grant.version = 1,
        ];
        for (number, edit) in edits.into_iter().enumerate() {
            let mut edited = grant();
            edit(&mut edited);
            let refused = kek.verify_role_mac(&here, &edited, &mac);
            assert_eq!(refused, Err(WrapError::RoleTampered), "edit {number}");
        }
        for bit in 0..256_usize {
            let mut flipped = mac;
            flipped[bit / 8] ^= 1 << (bit % 8);
            let refused = kek.verify_role_mac(&here, &grant(), &flipped);
            assert_eq!(refused, Err(WrapError::RoleTampered), "bit {bit}");
        }
    }

    #[test]
    fn debug_does_not_show_the_person() {
        assert!(!format!("{:?}", grant()).contains("85073003328"));
    }
}
