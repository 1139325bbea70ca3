-- Every cohort of the warehouse: its definition, its name where there is one, and how many persons it has.
SELECT
    c.cohort_definition_id,
    max(d.cohort_definition_name) AS cohort_definition_name,
    count(DISTINCT c.subject_id) AS persons
FROM cohort AS c
LEFT JOIN cohort_definition AS d ON c.cohort_definition_id = d.cohort_definition_id
WHERE c.cohort_definition_id IS NOT NULL
GROUP BY c.cohort_definition_id
ORDER BY c.cohort_definition_id;
