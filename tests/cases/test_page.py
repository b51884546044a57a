"""``docs/cases.md`` says what the cases say."""

from tests.cases.page import PAGE, page


def test_the_page_is_written_from_the_cases():
    """Who changes a case writes the page anew: python -m tests.cases.page."""
    assert PAGE.read_text() == page() + "\n"
