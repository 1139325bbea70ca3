-- Everyone who was given aspirin 81 mg (OMOP concept 19059056).
SELECT DISTINCT person_id FROM drug_exposure WHERE drug_concept_id = 19059056
