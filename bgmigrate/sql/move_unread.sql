-- The body of a question to a new row: does the old table's row say nothing of it? (audit_row.sql)
SELECT {o:i}.* INTO bgm_row FROM {old:t} AS {o:i} WHERE {linked:q};
    IF NOT FOUND THEN
        RETURN true;
    END IF;
{parts:q}
    RETURN true;
