//! Who may call: the words in which every RPC declares its rule.

use crate::text::named_enum;

named_enum! {
    /// What an access token is good for (RFC 6749 section 3.3): one scope for each service.
    pub enum Scope ("scope") {
        /// Look up recipients' keys.
        Directory = "directory",
        /// Manage one's own certificates and keys.
        Registration = "registration",
        /// Keep keys in custody, and get them.
        Custody = "custody",
    }
}

named_enum! {
    /// What a person may do beyond their own keys.
    pub enum Role ("role") {
        /// Runs the register.
        Operator = "operator",
        /// Countersigns what an operator proposes.
        Approver = "approver",
        /// Reads the audit.
        Auditor = "auditor",
    }
}

/// Who may call an RPC. Each service declares one for each of its RPCs; an RPC without is not
/// served.
///
/// The rule says what must be known of a caller before the service is reached. What the service
/// asks beyond it (is this your key? does the policy let you?) is the service's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Anybody. A credential that is shown must be good all the same.
    Anyone,
    /// Anybody, on the strength of a proof within the message: a request for a first certificate.
    Newcomer,
    /// Anybody; the service tells more to known callers. A token needs the scope, and may be a mere
    /// bearer token.
    Lookup(Scope),
    /// A known caller, by a certificate or by a token with the scope that is bound to a key or a
    /// certificate, whose possession this very call proves (RFC 9449, RFC 8705).
    Known(Scope),
    /// A known caller, by the certificate that signed the order in the message, or by a token with
    /// the scope that is bound to that certificate or its key, and that the order names.
    Signed(Scope),
    /// A person who holds one of these roles, by a certificate on a connection of their own: no
    /// token, and no edge in between.
    Holder(&'static [Role]),
}

/// The rule of one RPC, by its full name: `kleis.custody.v1.CustodyService/GetKey`.
pub type RpcRule = (&'static str, Rule);
