"""The report, and everything it is rendered to."""
