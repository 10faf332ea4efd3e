//! What owners are told of. Names are stored and sent: they never change.

use crate::text::named_enum;

named_enum! {
    /// What has happened.
    pub enum NoticeKind ("kind of notice") {
        /// A device got a certificate.
        DeviceAdded = "DEVICE_ADDED",
        /// A device got a certificate by the approval of operators, although there were others
        /// before.
        DeviceRecovered = "DEVICE_RECOVERED",
        /// A device has got the certificate that follows another one.
        CertificateRenewed = "CERTIFICATE_RENEWED",
        /// A certificate was revoked, and with it the keys that it binds.
        CertificateRevoked = "CERTIFICATE_REVOKED",
        /// An encryption key was revoked.
        KeyRevoked = "KEY_REVOKED",
        /// The registrant was suspended, and with it all certificates and keys.
        Suspended = "SUSPENDED",
        /// The registrant was restored.
        Restored = "RESTORED",
        /// A certificate or key ends within 90 days.
        Ending = "ENDING",
    }
}

named_enum! {
    /// How a notice goes out.
    pub enum Channel ("channel") {
        /// By mail.
        Mail = "MAIL",
        /// To a webhook.
        Webhook = "WEBHOOK",
    }
}

named_enum! {
    /// What became of a notice on its way.
    pub enum DeliveryState ("state of a delivery") {
        /// It goes out, or goes out once more.
        Pending = "PENDING",
        /// It was taken.
        Delivered = "DELIVERED",
        /// It was given up.
        Failed = "FAILED",
    }
}
