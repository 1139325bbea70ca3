-- Stays and consultations.
-- visit_occurrence, members, t.tie (a digest of the row, for an order without ties) and m.part are given by the reader.
-- A column that is not named here does not leave the warehouse.
SELECT
    m.part,
    t.visit_occurrence_id,
    t.person_id,
    t.visit_concept_id,
    t.visit_start_date,
    t.visit_start_datetime,
    t.visit_end_date,
    t.visit_end_datetime,
    t.visit_type_concept_id,
    t.visit_source_concept_id,
    t.admitted_from_concept_id,
    t.discharged_to_concept_id,
    t.preceding_visit_occurrence_id
FROM visit_occurrence AS t
INNER JOIN members AS m ON t.person_id = m.person_id
ORDER BY t.person_id, t.visit_occurrence_id, t.tie;
