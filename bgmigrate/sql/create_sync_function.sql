-- No table is locked.
CREATE OR REPLACE FUNCTION bgmigrate.{name:i}() RETURNS trigger LANGUAGE plpgsql{path:q} AS $bgm$
#variable_conflict use_column
BEGIN
{body:q}
    RETURN NEW;
END
$bgm$
