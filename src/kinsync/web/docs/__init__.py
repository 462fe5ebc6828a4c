"""The API's own description: an OpenAPI document and pages for developers, under ``/docs``.

Both are made of the tables of the versions (``web.api.table``), the schemas of the records and
examples of the sample district. An endpoint that is added to a table is described by that; a kind
of record needs its schema in ``schemas``.
"""
