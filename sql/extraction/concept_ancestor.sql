-- The ancestors of the concepts that the members' rows use (concept_ids), each concept being its own ancestor where
-- the vocabulary says so.
SELECT DISTINCT
    a.ancestor_concept_id,
    a.descendant_concept_id,
    a.min_levels_of_separation,
    a.max_levels_of_separation
FROM concept_ancestor AS a
INNER JOIN concept_ids AS c ON a.descendant_concept_id = c.concept_id
ORDER BY 2, 1, 3, 4;
