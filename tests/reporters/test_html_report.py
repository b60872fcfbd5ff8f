"""The HTML page without a browser: its parts, its policy, and the picture of the chain behind a change."""

import base64
import hashlib
import re
import xml.etree.ElementTree as ET

import html5lib
import pytest
from telling import SITE, finding, report, several

from envguard import reporters
from envguard.model import Report, Requirer
from envguard.reporters._chain import picture

XHTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"


def page(told: Report) -> ET.Element:
    tree = html5lib.HTMLParser(strict=True).parse(reporters.render(told, "html"))
    assert isinstance(tree, ET.Element)
    return tree


def words(element: ET.Element) -> str:
    return " ".join("".join(element.itertext()).split())


# --- the page --------------------------------------------------------------------------------------------------------


def test_it_tells_everything_that_the_report_holds() -> None:
    told = several(bypass="incident 42")
    text = words(page(told))
    for row in told.findings:
        change = row.change
        for value in (change.package, change.locked, change.installed, row.rule, row.reason, row.instead, change.path):
            assert value in text, value
        assert all(fact in text for fact in change.evidence)
    for fact in told.toolchain:
        assert f"{fact.name}{fact.value}{fact.source}" in text
    for value in ("libgfortran lies beside it", *told.skipped, *told.blind, told.bypass, "3 of 4 checks run"):
        assert value in text, value
    assert "cpython 3.11.7 linux x86_64 glibc 2.36" in text


def test_sections_without_content_are_left_out(pinned: Report) -> None:
    tree = page(pinned)
    assert tree.findall(f".//{XHTML}section") == []
    assert "292 packages of /srv/envguard.lock" in words(tree)
    assert "Interpreter" not in words(page(pinned.replace(interpreter=None)))


def test_its_policy_allows_its_own_style_and_script_and_nothing_else() -> None:
    text = reporters.render(several(), "html")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    for element in ("style", "script"):
        (content,) = re.findall(f"(?s)<{element}>(.*?)</{element}>", text)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert allowed.pop(f"{element}-src") == f"'sha256-{digest}'"
    assert allowed == {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'"}
    assert text.index("Content-Security-Policy") < text.index("<style>") < text.index("<script>")


def test_it_names_no_other_file() -> None:
    for element in page(several()).iter():
        for name, value in element.attrib.items():
            assert name not in ("src", "style", "srcset", "data", "action", "xlink:href")
            assert name != "href" or value.startswith("#")
            assert not name.startswith("on")
    text = reporters.render(several(), "html")
    assert "@import" not in text
    assert "url(" not in text


def test_names_of_elements_are_unique_and_what_is_controlled_is_there() -> None:
    tree = page(several(30))
    names = [element.attrib["id"] for element in tree.iter() if "id" in element.attrib]
    assert len(names) == len(set(names))
    controlled = {element.attrib["aria-controls"] for element in tree.iter() if "aria-controls" in element.attrib}
    assert len(controlled) == 30
    assert controlled <= set(names)


def test_evidence_beyond_measure_is_counted() -> None:
    told = report(finding(evidence=tuple(f"fact number {number}" for number in range(100))))
    text = words(page(told))
    assert "fact number 39" in text
    assert "fact number 40" not in text
    assert "and 60 more; --output-format json has them all" in text
    assert "100 facts" in text


# --- the picture -----------------------------------------------------------------------------------------------------


def drawn(*requirers: Requirer, told: Report | None = None) -> ET.Element:
    told = told or report(finding())
    return ET.fromstring(picture(told.findings[0], told, requirers))


def boxes(svg: ET.Element) -> dict[str, tuple[float, float, float]]:
    """Title -> left, right, top."""
    found = {}
    for group in svg.findall("g"):
        rect = group.find("rect")
        text = group.find("text")
        assert rect is not None
        assert text is not None
        left, wide, top = (float(rect.attrib[name]) for name in ("x", "width", "y"))
        assert text.text is not None
        found[text.text] = (left, left + wide, top)
    return found


def leads(svg: ET.Element) -> set[tuple[str, str]]:
    """Which box leads to which, found from the lines alone."""
    ends: dict[tuple[float, float], tuple[float, float]] = {}
    starts = []
    for path in svg.findall("path"):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", path.attrib["d"])]
        if path.attrib.get("class") == "head":
            continue
        if "h" in path.attrib["d"]:
            left, top, wide = numbers
            ends[left, top] = (left + wide, top)
        else:
            starts.append((numbers[0], numbers[1], numbers[6], numbers[7]))
    known = boxes(svg)

    def box(x: float, y: float, side: int) -> str | None:
        for name, place in known.items():
            if abs(place[side] - x) < 6 and abs(place[2] + 20 - y) < 0.2:
                return name
        return None

    found = set()
    for x1, y1, x2, y2 in starts:
        tail = box(x1, y1, 1)
        if tail is None:
            continue
        x, y = x2, y2
        while box(x, y, 0) is None:
            (onward,) = (end for start, end in ends.items() if abs(start[0] - x) < 6 and abs(start[1] - y) < 0.2)
            (step,) = (one for one in starts if abs(one[0] - onward[0]) < 0.2 and abs(one[1] - onward[1]) < 0.2)
            x, y = step[2], step[3]
        head = box(x, y, 0)
        assert head is not None
        found.add((tail, head))
    return found


def test_without_a_graph_the_lock_leads_to_the_package_and_that_to_the_finding() -> None:
    svg = drawn()
    assert leads(svg) == {("/srv/envguard.lock", "numpy"), ("numpy", "EG102 version-drift")}
    assert [text.text for text in svg.iter("text")] == [
        "/srv/envguard.lock", "line 41", "numpy", "1.26.4 \u2192 2.4.6", "EG102 version-drift", "forbidden",
    ]  # fmt: skip
    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-label"].startswith("/srv/envguard.lock (line 41); numpy (1.26.4")


def test_where_an_environment_is_judged_by_itself_no_lock_is_drawn() -> None:
    told = report(finding(path=f"{SITE}/x.so", line=0), lock="", format="")
    assert leads(drawn(told=told)) == {("/srv/venv", "numpy"), ("numpy", "EG102 version-drift")}
    added = report(finding(kind="added", locked="", line=0, path=f"{SITE}/numpy"))
    assert "does not name it" in words(drawn(told=added))


def test_the_chain_of_those_who_require_the_package_is_drawn_from_left_to_right() -> None:
    svg = drawn(
        Requirer(package="numpy", by="pandas", asks="numpy>=1.26,<3"),
        Requirer(package="numpy", by="scipy", asks="numpy<2.3"),
        Requirer(package="pandas", by="features", asks="pandas~=2.2"),
        Requirer(package="scipy", by="learn", asks="scipy>=1.6"),
        Requirer(package="numpy", by="learn", asks="numpy>=1.19"),
        Requirer(package="six", by="unrelated", asks="six"),
    )
    assert leads(svg) == {
        ("/srv/envguard.lock", "features"),
        ("/srv/envguard.lock", "learn"),
        ("features", "pandas"),
        ("learn", "scipy"),
        ("learn", "numpy"),
        ("pandas", "numpy"),
        ("scipy", "numpy"),
        ("numpy", "EG102 version-drift"),
    }
    known = boxes(svg)
    assert all(known[tail][1] < known[head][0] for tail, head in leads(svg))


@pytest.mark.parametrize("size", [2, 3, 7])
def test_packages_that_require_one_another_in_a_circle_end(size: int) -> None:
    ring = [Requirer(package=f"p{number}", by=f"p{(number + 1) % size}", asks="x") for number in range(size)]
    svg = drawn(*ring, told=report(finding(package="p0")))
    assert "p0" in boxes(svg)
    assert ("/srv/envguard.lock", "p0") not in leads(svg)


def test_boxes_do_not_lie_upon_one_another_however_many_there_are() -> None:
    many = [Requirer(package="numpy", by=f"user-{number}", asks="numpy") for number in range(200)]
    many += [Requirer(package=f"user-{number}", by=f"far-{number}", asks="x") for number in range(200)]
    svg = drawn(*many)
    places = list(boxes(svg).values())
    assert 10 < len(places) < 20
    for index, (left, right, top) in enumerate(places):
        for other_left, other_right, other_top in places[:index]:
            assert right <= other_left or other_right <= left or abs(top - other_top) >= 40


def test_a_picture_holds_text_alone() -> None:
    hostile = "</text></svg><script>alert(1)</script>"
    svg = drawn(Requirer(package=hostile, by=hostile + "2", asks=hostile), told=report(finding(package=hostile)))
    assert {element.tag for element in svg.iter()} == {"svg", "g", "rect", "text", "path"}
