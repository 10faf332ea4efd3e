-- When encryption keys were superseded and revoked, for whoever asks what was active at some time. Empty for
-- keys that turned before these times were kept: of those the audit alone knows.
ALTER TABLE encryption_keys ADD COLUMN superseded_at INTEGER;
ALTER TABLE encryption_keys ADD COLUMN revoked_at INTEGER;
