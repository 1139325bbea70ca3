-- Everyone with a gastrointestinal haemorrhage (OMOP concept 192671).
SELECT DISTINCT person_id FROM condition_occurrence WHERE condition_concept_id = 192671
