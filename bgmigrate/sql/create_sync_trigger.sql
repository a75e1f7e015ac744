-- SHARE ROW EXCLUSIVE on the table: it waits for writers in flight, so that none of their rows is missed.
CREATE OR REPLACE TRIGGER {name:i} BEFORE INSERT OR {events:q} ON {table:t} FOR EACH ROW EXECUTE FUNCTION bgmigrate.{name:i}()
