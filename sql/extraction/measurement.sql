-- Biology and other measurements: values, units, reference range.
-- measurement, members, t.tie (a digest of the row, for an order without ties) and m.part are given by the reader.
-- A column that is not named here does not leave the warehouse.
SELECT
    m.part,
    t.measurement_id,
    t.person_id,
    t.measurement_concept_id,
    t.measurement_date,
    t.measurement_datetime,
    t.measurement_type_concept_id,
    t.operator_concept_id,
    t.value_as_number,
    t.value_as_concept_id,
    t.unit_concept_id,
    t.range_low,
    t.range_high,
    t.visit_occurrence_id,
    t.visit_detail_id,
    t.measurement_source_concept_id,
    t.unit_source_concept_id,
    t.measurement_event_id,
    t.meas_event_field_concept_id
FROM measurement AS t
INNER JOIN members AS m ON t.person_id = m.person_id
ORDER BY t.person_id, t.measurement_id, t.tie;
