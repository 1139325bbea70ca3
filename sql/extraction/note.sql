-- Documents: the only free text that is extracted, for the text modality.
-- note, members, t.tie (a digest of the row, for an order without ties) and m.part are given by the reader.
-- A column that is not named here does not leave the warehouse.
SELECT
    m.part,
    t.note_id,
    t.person_id,
    t.note_date,
    t.note_title,
    t.note_text
FROM note AS t
INNER JOIN members AS m ON t.person_id = m.person_id
ORDER BY t.person_id, t.note_id, t.tie;
