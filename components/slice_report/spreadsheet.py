"""Cells of a CSV that a person may open in a spreadsheet."""


def safe_cell(name: str) -> str:
    """Keeps a spreadsheet from taking a name for a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name
