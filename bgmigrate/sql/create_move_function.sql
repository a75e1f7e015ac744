-- No table is locked. With its owner's rights: neither version need be granted anything on the other's table.
CREATE OR REPLACE FUNCTION bgmigrate.{name:i}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = {path:q} AS $bgm$
#variable_conflict use_column
DECLARE
    bgm_is ALIAS FOR NEW; -- a table may be called new, or old
    bgm_was ALIAS FOR OLD;
    bgm_outer text := coalesce(current_setting('bgmigrate.moving', true), '');
    bgm_now {old:t}%ROWTYPE;
    bgm_row {new:t}%ROWTYPE;
    bgm_there boolean;
    bgm_fresh boolean;
BEGIN
{body:q}
END
$bgm$
