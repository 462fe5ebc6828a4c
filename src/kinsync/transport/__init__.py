"""How bytes come in: delimited files, and frames set down between steps.

Nothing here knows what a contact is. A reader keeps the source's own columns, as text, and says
what is wrong with the file; what its columns mean is the mapping's business.
"""
