"""Questions that pages and the API ask: each reads narrow rows in one transaction and answers with plain shapes.

Nothing here changes anything, and nothing loads an instance (D6). What a person may not see is not there:
`sight` decides, and its answer is "not found".
"""
