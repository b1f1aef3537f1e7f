"""The report of a study: the evaluations of all its arms as tables, figures and one page."""
