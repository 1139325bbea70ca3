-- Everyone who was given celecoxib (OMOP concept 1118084).
SELECT DISTINCT person_id FROM drug_exposure WHERE drug_concept_id = 1118084
