-- How many rows of a table the members have and the sum of their digests: changes when, and only when, a row does.
-- source and members are given by the reader.
SELECT
    count(*) AS number,
    sum(t.tie) AS total
FROM source AS t
INNER JOIN members AS m ON t.person_id = m.person_id;
