-- Drugs prescribed or given.
-- drug_exposure, members, t.tie (a digest of the row, for an order without ties) and m.part are given by the reader.
-- A column that is not named here does not leave the warehouse.
SELECT
    m.part,
    t.drug_exposure_id,
    t.person_id,
    t.drug_concept_id,
    t.drug_exposure_start_date,
    t.drug_exposure_start_datetime,
    t.drug_exposure_end_date,
    t.drug_exposure_end_datetime,
    t.verbatim_end_date,
    t.drug_type_concept_id,
    t.refills,
    t.quantity,
    t.days_supply,
    t.route_concept_id,
    t.visit_occurrence_id,
    t.visit_detail_id,
    t.drug_source_concept_id
FROM drug_exposure AS t
INNER JOIN members AS m ON t.person_id = m.person_id
ORDER BY t.person_id, t.drug_exposure_id, t.tie;
