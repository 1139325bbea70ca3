-- Facts of other kinds; the value as text stays in the warehouse.
-- observation, members, t.tie (a digest of the row, for an order without ties) and m.part are given by the reader.
-- A column that is not named here does not leave the warehouse.
SELECT
    m.part,
    t.observation_id,
    t.person_id,
    t.observation_concept_id,
    t.observation_date,
    t.observation_datetime,
    t.observation_type_concept_id,
    t.value_as_number,
    t.value_as_concept_id,
    t.qualifier_concept_id,
    t.unit_concept_id,
    t.visit_occurrence_id,
    t.visit_detail_id,
    t.observation_source_concept_id,
    t.observation_event_id,
    t.obs_event_field_concept_id
FROM observation AS t
INNER JOIN members AS m ON t.person_id = m.person_id
ORDER BY t.person_id, t.observation_id, t.tie;
