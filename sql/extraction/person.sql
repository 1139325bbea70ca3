-- Who the members are: birth, sex, origin as concepts.
-- person, members, t.tie (a digest of the row, for an order without ties) and m.part are given by the reader.
-- A column that is not named here does not leave the warehouse.
SELECT
    m.part,
    t.person_id,
    t.gender_concept_id,
    t.year_of_birth,
    t.month_of_birth,
    t.day_of_birth,
    t.birth_datetime,
    t.race_concept_id,
    t.ethnicity_concept_id,
    t.gender_source_concept_id,
    t.race_source_concept_id,
    t.ethnicity_source_concept_id
FROM person AS t
INNER JOIN members AS m ON t.person_id = m.person_id
ORDER BY t.person_id, t.tie;
