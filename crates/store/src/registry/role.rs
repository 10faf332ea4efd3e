//! Who may do what beyond their own keys.

use kleis_types::{GrantState, Identifier, Role, Timestamp, base64url};

use crate::{Audited, shown::shows, state_digest};

/// A role of a person. The row is under a MAC whose key is outside the database: the store keeps it
/// and does not verify it; whoever reads a grant must, before anything in it counts.
#[derive(Clone, PartialEq, Eq)]
pub struct RoleGrant {
    /// The person: the registrant's id. The primary key, together with `role`.
    pub person: Identifier,
    /// The role.
    pub role: Role,
    /// Whether it holds.
    pub state: GrantState,
    /// When it was granted.
    pub granted_at: Timestamp,
    /// Who granted it: `x5t#S256` of the operator's certificate, or `bootstrap`.
    pub granted_by: String,
    /// The version, from 1.
    pub version: u64,
    /// The MAC over the row, docs/formats.md section 10.
    pub mac: [u8; 32],
}

impl RoleGrant {
    /// The name in the audit of what this person has of this role.
    pub fn resource_of(person: &Identifier, role: Role) -> String {
        // Not the identifier itself: resources stand in the audit for ever.
        let (person, role) = (person.to_string(), role.as_str());
        let digest = state_digest(&[b"role", person.as_bytes(), role.as_bytes()]);
        format!("role:{}", base64url::encode(&digest[..16]))
    }
}

impl Audited for RoleGrant {
    fn resource(&self) -> String {
        Self::resource_of(&self.person, self.role)
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn digest(&self) -> [u8; 32] {
        state_digest(&[
            self.person.to_string().as_bytes(),
            self.role.as_str().as_bytes(),
            self.state.as_str().as_bytes(),
            &self.granted_at.unix().to_be_bytes(),
            self.granted_by.as_bytes(),
            &self.version.to_be_bytes(),
            &self.mac,
        ])
    }
}

shows!(RoleGrant {
    person,
    role,
    state,
    version
});
