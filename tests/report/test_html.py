import re
from html.parser import HTMLParser

from encaudit.report.headline import HEADLINES
from encaudit.report.html import render_html
from encaudit.results import Finding, Report
from tests.report.reports import measurement, report

PNG = b"\x89PNG not really"
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Structure(HTMLParser):
    """Collects what a page would fetch, and whether its tags close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href", "data", "action", "srcset")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


FIGURES = {"displacement": PNG, "overlay.roll1": PNG, "overlay.roll1_frame=covariant": PNG, "volumes.roll1": PNG}


def test_page_needs_nothing_from_anywhere():
    page = render_html(report(), FIGURES)
    structure = Structure(page)
    assert structure.sources
    assert all(source.startswith("data:image/png;base64,") for source in structure.sources)
    assert not {"script", "link", "iframe", "object"} & set(structure.tags)
    assert not re.search(r"url\(|@import|https?://", page)


def test_every_figure_is_shown_once_with_words_for_those_who_cannot_see_it():
    page = render_html(report(), FIGURES)
    assert page.count("<img ") == len(FIGURES)
    assert len(re.findall(r'<img [^>]*alt="[^"]{20,}"', page)) == len(FIGURES)


def test_tags_close_with_and_without_figures():
    for figures in (FIGURES, {}):
        assert Structure(render_html(report(), figures)).open == []


def test_what_users_name_is_never_taken_for_markup():
    evil = "<script>alert(1)</script>"
    one = report(
        measurement("displacement_ratio", evil, evil),
        measurement("retrieval_rank", 0.3),
        findings=(Finding("x", "error", evil),),
    )
    one.provenance["evil"] = {evil: [evil]}
    page = render_html(one, {})
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 4


def test_headline_table_shows_value_interval_words_and_skips_with_their_reason():
    page = render_html(report(), {})
    table = page[page.index("What moved") : page.index("What the numbers mean")]
    for text in ("0.83", "0.82 – 0.84", "scatters", "controls", "skipped", "the encoder states no logvar"):
        assert text in table
    for headline in HEADLINES:
        assert headline.title in table


def test_a_verdict_is_told_with_what_it_stands_on():
    page = render_html(report(), {})
    told = page[page.index("<h2>Verdict") : page.index("<h2>What moved")]
    for text in ("roll1", "scatters", "It goes elsewhere.", "retrieval_rank of roll1 is 0.331"):
        assert text in told
    assert "<h2>Verdict" not in render_html(report(verdicts=()), {})


def test_what_the_latents_hold_is_told_beside_its_pictures():
    figures = {"calibration": PNG, "leakage": PNG, "dose.roll": PNG}
    one = report(measurement("mutual_information", 5.7, None), measurement("half_life_px", "never falls", None))
    one.provenance["calibration"] = "latents drawn from N(0, 1)"
    page = render_html(one, figures)
    assert page.count("<img ") == len(figures)
    told = page[page.index("What the latents hold") : page.index("What the numbers mean")]
    for text in ("mutual_information", "5.7", "skipped: never falls", "latents drawn from N(0, 1)"):
        assert text in told


def test_bar_runs_from_floor_to_ceiling_and_no_further():
    page = render_html(report(measurement("displacement_ratio", 0.25), measurement("retrieval_rank", 0.9)), {})
    assert 'style="width:50.0%"' in page
    assert 'style="width:100.0%"' in page


def test_every_measurement_is_in_the_full_table():
    page = render_html(report(), {})
    full = page[page.index("All measurements") :]
    assert full.count("<tr><td>") == len(report().measurements)
    assert "the encoder alone" in full
    assert "skipped: the encoder states no logvar" in full


def test_provenance_is_shown_however_deeply_it_is_nested():
    page = render_html(report(), {})
    shown = page[page.index("Provenance") :]
    for text in ("ab" * 32, "run/config.yaml", "identity, roll1", "not given", "encaudit probe run/weights.pkl"):
        assert text in shown


def test_report_without_measurements_or_provenance_still_makes_a_page():
    page = render_html(Report({}, [], []), {})
    assert "No transform was measured" in page
    assert Structure(page).open == []


def test_no_volumes_no_section_about_them():
    assert "What the decoder makes" not in render_html(report(measurement("cka", 0.2)), {})
    assert "What the decoder makes" in render_html(report(), {})
