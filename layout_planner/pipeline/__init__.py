"""Stages of one county, from the files to the report, with the ledger of children."""
