-- SHARE ROW EXCLUSIVE on the table. Deferred to the end of the transaction: a version that knows both tables writes both rows itself.
CREATE CONSTRAINT TRIGGER {name:i} AFTER INSERT ON {table:t} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bgmigrate.{function:i}()
