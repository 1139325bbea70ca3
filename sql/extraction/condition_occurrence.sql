-- Diagnoses.
-- condition_occurrence, members, t.tie (a digest of the row, for an order without ties) and m.part are given by the reader.
-- A column that is not named here does not leave the warehouse.
SELECT
    m.part,
    t.condition_occurrence_id,
    t.person_id,
    t.condition_concept_id,
    t.condition_start_date,
    t.condition_start_datetime,
    t.condition_end_date,
    t.condition_end_datetime,
    t.condition_type_concept_id,
    t.condition_status_concept_id,
    t.visit_occurrence_id,
    t.visit_detail_id,
    t.condition_source_concept_id
FROM condition_occurrence AS t
INNER JOIN members AS m ON t.person_id = m.person_id
ORDER BY t.person_id, t.condition_occurrence_id, t.tie;
