-- Everyone who was given diclofenac (OMOP concept 1124300).
SELECT DISTINCT person_id FROM drug_exposure WHERE drug_concept_id = 1124300
