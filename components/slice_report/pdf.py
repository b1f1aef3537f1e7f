"""The page's print form as a PDF."""

import logging
from pathlib import Path

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
        from weasyprint.urls import URLFetcher
    except OSError as error:
        reason = str(error).splitlines()[0]
        return f"no PDF: the system library Pango cannot be loaded ({reason}); {_REMEDY}."
    # It warns of every property of the pictures that style sheets do not have.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    # Thumbnails stand in the page itself; everything else is refused.
    fetcher = URLFetcher(allowed_protocols={"data"})
    document = weasyprint.HTML(string=page, url_fetcher=fetcher)
    try:
        document.write_pdf(file, pdf_identifier=b"slice report", pdf_tags=True)
    except Exception as error:  # A layout that it cannot do must not cost the page and the run.
        logging.exception("WeasyPrint")
        file.unlink(missing_ok=True)
        return (
            f"no PDF: WeasyPrint failed ({type(error).__name__}); print report.html from a browser."
        )
    return None
