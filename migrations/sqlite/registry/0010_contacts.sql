-- Where registrants are told what happens to their certificates and keys.

-- A mail address; null if there is none.
ALTER TABLE registrants ADD COLUMN mail TEXT;

-- The https address of a webhook; null if there is none.
ALTER TABLE registrants ADD COLUMN webhook TEXT;
