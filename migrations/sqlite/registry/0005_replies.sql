-- The signed replies to the orders that were carried out. The same file in every database of Kleis.

-- The reply as it was given, a compact JWS of type kleis-reply+jwt; where the reply carried a symmetric
-- key, the same reply with the key's id alone. Empty if the order was refused, or was kept before
-- replies were. The triggers of the table guard it, and the MAC covers it where it is not empty.
ALTER TABLE orders ADD COLUMN reply TEXT NOT NULL DEFAULT '';
