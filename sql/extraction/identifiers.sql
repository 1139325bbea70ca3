-- The hospital's own number of each member (person_source_value), by which images and genomes are found.
-- It is used in memory and never written.
SELECT DISTINCT
    t.person_id,
    t.person_source_value
FROM person_identifiers AS t
INNER JOIN members AS m ON t.person_id = m.person_id
ORDER BY 1, 2;
