-- The persons of one cohort; its dates do not restrict what is extracted of them.
-- {definition_id} is an integer that the reader fills in.
SELECT DISTINCT c.subject_id AS person_id
FROM cohort AS c
WHERE c.cohort_definition_id = {definition_id};
