-- The members that the person table knows, in ascending order; the others are counted in the report.
-- cohort_members is given by the reader.
SELECT DISTINCT
    m.person_id,
    p.person_id IS NOT NULL AS known
FROM cohort_members AS m
LEFT JOIN person AS p ON m.person_id = p.person_id
WHERE m.person_id IS NOT NULL
ORDER BY 1;
