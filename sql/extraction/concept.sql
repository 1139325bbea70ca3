-- The concepts that the members' rows use and the ancestors of these (concept_ids).
SELECT DISTINCT
    t.concept_id,
    t.concept_name,
    t.domain_id,
    t.vocabulary_id,
    t.concept_class_id,
    t.standard_concept,
    t.concept_code,
    t.valid_start_date,
    t.valid_end_date,
    t.invalid_reason
FROM concept AS t
INNER JOIN concept_ids AS c ON t.concept_id = c.concept_id
ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;
