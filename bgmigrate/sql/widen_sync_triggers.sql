-- SHARE ROW EXCLUSIVE on the table. A BEFORE trigger of the application may change a column that its statement does not name: ours must fire on every UPDATE.
DO $bgm$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('CREATE OR REPLACE TRIGGER %I BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION bgmigrate.%I()', t.tgname, t.tgrelid::regclass, p.proname)
          FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
         WHERE t.tgrelid = {table:l}::regclass AND t.tgattr <> '' AND p.pronamespace = to_regnamespace('bgmigrate')
    LOOP
        EXECUTE statement;
    END LOOP;
END
$bgm$
