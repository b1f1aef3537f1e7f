"""The page's print form as a PDF."""

import logging
from pathlib import Path
from typing import NoReturn

_REMEDY = "install Pango (Debian: apt-get install libpangoft2-1.0-0) and run 'micle report'"


def write_pdf(page: str, file: Path) -> str | None:
    """Writes a page as PDF; the same page gives the same bytes, on the same fonts.

    Args:
        page: HTML that loads nothing.
        file: To write to.

    Returns:
        Why there is no PDF and what to do, in one line; None if there is one.
    """
    try:
        # Loads the system library Pango, which a slim machine lacks.
        import weasyprint
    except OSError as error:
        reason = str(error).splitlines()[0]
        return f"no PDF: the system library Pango cannot be loaded ({reason}); {_REMEDY}."
    # It warns of every property of the pictures that style sheets do not have.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    document = weasyprint.HTML(string=page, url_fetcher=_refuse)
    document.write_pdf(file, pdf_identifier=b"slice report", pdf_tags=True)
    return None


def _refuse(url: str, *_: object, **__: object) -> NoReturn:
    raise ValueError(f"a report loads nothing. Received: {url[:80]}")
