-- Death and its cause as a concept.
-- death, members, t.tie (a digest of the row, for an order without ties) and m.part are given by the reader.
-- A column that is not named here does not leave the warehouse.
SELECT
    m.part,
    t.person_id,
    t.death_date,
    t.death_datetime,
    t.death_type_concept_id,
    t.cause_concept_id,
    t.cause_source_concept_id
FROM death AS t
INNER JOIN members AS m ON t.person_id = m.person_id
ORDER BY t.person_id, t.death_date, t.tie;
