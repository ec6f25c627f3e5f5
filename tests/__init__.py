"""The tests; a folder per kind of question."""
