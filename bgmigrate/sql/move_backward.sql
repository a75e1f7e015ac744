-- ROW EXCLUSIVE on the old table, its one row locked. What becomes of the old row.
    -- {about:q}
    IF TG_OP <> 'INSERT' AND {was:q} AND (TG_OP = 'DELETE' OR {moved:q}) THEN
        UPDATE {old:t} AS {o:i} SET {cleared:q} WHERE {before:q} AND NOT ({bare:q});
    END IF;
    IF TG_OP <> 'DELETE' AND {is:q} AND (TG_OP = 'INSERT' OR {moved:q} OR {changed:q}) THEN
        BEGIN
            -- unless the old row says so already, or the new one is just what it gives: `forward` may lose something
            UPDATE {old:t} AS {o:i} SET {back:q} WHERE {here:q} AND NOT ({says_old:q}) AND NOT ({says_new:q});
        EXCEPTION WHEN data_exception THEN -- what the old version left there may be nothing that `forward` can take: then it is stale
            UPDATE {old:t} AS {o:i} SET {back:q} WHERE {here:q} AND NOT ({says_old:q});
        END;
    END IF;
