"""Reports of avatars, written from the avatar's own decoded facts with phrases that many patients share.

``templates`` finds the phrases, ``grounding`` what each number in them is, ``choice`` which of them are said of whom,
``moments`` when, ``compose`` writes and checks, ``embedding`` places real patients by what their notes say.
"""
