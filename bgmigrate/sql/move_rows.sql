-- ROW EXCLUSIVE on both tables; the old rows stay locked until the batch commits, so that none goes or changes before its new row is there.
-- Rows that are there already are newer: they are neither waited for nor overwritten. The setting keeps our own triggers quiet.
WITH bgm_rows AS MATERIALIZED (
    SELECT {o:i}.* FROM {old:t} AS {o:i}
     WHERE (SELECT set_config('bgmigrate.moving', {name:l}, true)) IS NOT NULL AND {within:q} AND ({todo:q})
     ORDER BY {order:i} FOR NO KEY UPDATE OF {o:i}
)
INSERT INTO {new:t} ({columns:i})
{rows:q}
ON CONFLICT ({key:i}) DO NOTHING
