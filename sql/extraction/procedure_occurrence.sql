-- Acts.
-- procedure_occurrence, members, t.tie (a digest of the row, for an order without ties) and m.part are given by the reader.
-- A column that is not named here does not leave the warehouse.
SELECT
    m.part,
    t.procedure_occurrence_id,
    t.person_id,
    t.procedure_concept_id,
    t.procedure_date,
    t.procedure_datetime,
    t.procedure_end_date,
    t.procedure_end_datetime,
    t.procedure_type_concept_id,
    t.modifier_concept_id,
    t.quantity,
    t.visit_occurrence_id,
    t.visit_detail_id,
    t.procedure_source_concept_id
FROM procedure_occurrence AS t
INNER JOIN members AS m ON t.person_id = m.person_id
ORDER BY t.person_id, t.procedure_occurrence_id, t.tie;
