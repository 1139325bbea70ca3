-- Everyone with an otitis media (OMOP concept 372328).
SELECT DISTINCT person_id FROM condition_occurrence WHERE condition_concept_id = 372328
