-- When a member is observed.
-- observation_period, members, t.tie (a digest of the row, for an order without ties) and m.part are given by the reader.
-- A column that is not named here does not leave the warehouse.
SELECT
    m.part,
    t.observation_period_id,
    t.person_id,
    t.observation_period_start_date,
    t.observation_period_end_date,
    t.period_type_concept_id
FROM observation_period AS t
INNER JOIN members AS m ON t.person_id = m.person_id
ORDER BY t.person_id, t.observation_period_id, t.tie;
