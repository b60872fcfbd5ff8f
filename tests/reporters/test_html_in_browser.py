"""The HTML page in a real browser: opened, filtered, sorted, folded, attacked, printed, and looked at."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import PROGRAM, Chromium
from telling import several
from test_hostile_reports import HOSTILE, everywhere

from envguard import reporters
from envguard.model import Report

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium")
SHOWN = "[...document.querySelectorAll('tbody.finding')].filter((row) => !row.hidden)"
NAMES = f"{SHOWN}.map((row) => row.querySelector('.fold').textContent)"
OPEN = f"{SHOWN}.filter((row) => row.rows[1].checkVisibility()).map((row) => row.querySelector('.fold').textContent)"
ATTRIBUTES = "[...document.querySelectorAll('*')].flatMap((element) => [...element.attributes].map((one) => one.name))"
ALL = ["numpy", "torch", "torchvision", "six", "requests", "ipdb"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    running = Chromium(tmp_path_factory.mktemp("profile"))
    yield running
    running.close()


def show(browser: Chromium, told: Report, folder: Path, anchor: str = "", language: str = "en") -> Chromium:
    file = folder / "report.html"
    file.write_text(reporters.render(told, "html", language=language), encoding="ascii")
    browser.open(file.as_uri() + anchor)
    return browser


def complaints(browser: Chromium) -> list[dict[str, Any]]:
    """Errors of the script, violations of the policy, dialogs."""
    return browser.happened(
        "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Page.javascriptDialogOpening"
    )


def test_it_opens_folded_without_complaint_and_loads_nothing(browser: Chromium, tmp_path: Path) -> None:
    show(browser, several(), tmp_path)
    assert browser.js("document.title") == "forbidden: /srv/envguard.lock - envguard"
    assert browser.js("document.querySelector('h1').innerText") == "✗ forbidden"
    assert browser.js(NAMES) == ALL
    assert browser.js(OPEN) == []
    assert browser.js("document.getElementById('shown').textContent") == "6 shown"
    assert complaints(browser) == []
    requests = [event["request"]["url"] for event in browser.happened("Network.requestWillBeSent")]
    assert requests == [(tmp_path / "report.html").as_uri()]
    assert browser.screenshot(tmp_path / "report.png").startswith(b"\x89PNG")
    assert (tmp_path / "report.png").stat().st_size > 20_000


def test_it_filters_by_text_verdict_and_code(browser: Chromium, tmp_path: Path) -> None:
    show(browser, several(), tmp_path)
    browser.click("#filter")
    browser.write("TORCH cpu")
    assert browser.js(NAMES) == ["torch"]
    assert browser.js("document.getElementById('shown').textContent") == "1 of 6 shown"
    browser.key("Escape")
    assert browser.js(NAMES) == ALL
    browser.click(".chip.forbidden")
    assert browser.js(NAMES) == ["numpy", "torch", "torchvision"]
    browser.click(".chip.safe")
    assert browser.js(NAMES) == ["numpy", "torch", "torchvision", "ipdb"]
    browser.click("#filter")
    browser.write("undefined symbol")
    assert browser.js(NAMES) == ["torchvision"]
    browser.write(" and nothing else")
    assert browser.js(NAMES) == []
    assert browser.js("document.getElementById('none').checkVisibility()") is True
    browser.key("Escape")
    browser.click(".chip.forbidden")
    browser.click(".chip.safe")
    browser.js("document.getElementById('code').focus()")
    for letter in "EG102":
        browser.key(letter, letter)
    assert browser.js(NAMES) == ["numpy", "requests"]


def test_it_sorts_by_every_column_numbers_as_numbers(browser: Chromium, tmp_path: Path) -> None:
    show(browser, several(), tmp_path)

    def head(number: int) -> str:
        return f"thead th:nth-child({number}) button"

    def state() -> list[str]:
        answer: list[str] = browser.js("[...document.querySelectorAll('thead th')].map((head) => head.ariaSort)")
        return answer

    assert state() == ["descending"] + ["none"] * 5
    browser.click(head(3))
    assert browser.js(NAMES) == sorted(ALL)
    assert state() == ["none", "none", "ascending", "none", "none", "none"]
    browser.click(head(3))
    assert browser.js(NAMES) == sorted(ALL, reverse=True)
    assert state()[2] == "descending"
    browser.click(head(4))
    # 1.26.4 < 2.5.0 < 2.10.0 as numbers; names without a locked version come first.
    assert [name for name in browser.js(NAMES) if name not in ("torchvision", "ipdb")] == [
        "numpy",
        "torch",
        "requests",
        "six",
    ]
    browser.click(head(1))
    assert browser.js(NAMES)[0] == "ipdb"
    browser.click(head(1))
    assert browser.js(NAMES)[-1] == "ipdb"
    assert browser.js(NAMES)[3] == "six"
    browser.click(head(2))
    assert browser.js(NAMES)[-1] == "torchvision"
    assert complaints(browser) == []


def test_it_folds_by_mouse_by_keyboard_and_by_address(browser: Chromium, tmp_path: Path) -> None:
    show(browser, several(), tmp_path)
    browser.click("#f2 .row td:first-child")
    assert browser.js(OPEN) == ["torch"]
    assert "every kernel on the CPU" in browser.js("document.getElementById('d2').innerText")
    assert browser.js("document.querySelector('#d2 svg.chain').getBoundingClientRect().height") > 30
    browser.screenshot(tmp_path / "unfolded.png")
    browser.click("#f2 .fold")
    assert browser.js(OPEN) == []
    browser.key("/", "/")
    assert browser.js("document.activeElement.id") == "filter"
    assert browser.js("document.activeElement.value") == ""
    for _ in range(40):
        browser.key("Tab")
        if browser.js("document.activeElement.closest('#f3') !== null"):
            break
    assert browser.js("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.key("Enter", "\r")
    assert browser.js(OPEN) == ["torchvision"]
    assert browser.js("document.activeElement.getAttribute('aria-expanded')") == "true"
    browser.click("#unfold")
    assert browser.js(OPEN) == ALL
    browser.click("#unfold")
    assert browser.js(OPEN) == []
    show(browser, several(), tmp_path, "#f4")
    assert browser.js(OPEN) == ["six"]
    show(browser, several(1), tmp_path)
    assert browser.js(OPEN) == ["numpy"]


def test_without_scripts_everything_is_there(browser: Chromium, tmp_path: Path) -> None:
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        show(browser, several(), tmp_path)
        assert browser.js(OPEN) == ALL
        assert browser.js("document.querySelector('.tools').checkVisibility()") is False
    finally:
        browser.ask("Emulation.setScriptExecutionDisabled", value=False)


def test_on_paper_everything_is_there(browser: Chromium, tmp_path: Path) -> None:
    show(browser, several(), tmp_path)
    browser.ask("Emulation.setEmulatedMedia", media="print")
    try:
        assert browser.js(OPEN) == ALL
        assert browser.js("document.querySelector('.tools').checkVisibility()") is False
    finally:
        browser.ask("Emulation.setEmulatedMedia", media="")


CONTRAST = """
(() => {
  const light = (color) => {
    const parts = color.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
      .map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (!/, 0\\)$/.test(color) && color !== "transparent") { return color; }
    }
    return "rgb(255, 255, 255)";
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || element.closest("svg, script, style")) { continue; }
    const [one, two] = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (two + 0.05);
    if (ratio < 4.5) { poor.push(`${element.tagName} ${element.className} ${ratio.toFixed(2)}`); }
  }
  return poor;
})()
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_light_and_dark(browser: Chromium, tmp_path: Path, scheme: str) -> None:
    browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    try:
        show(browser, several(bypass="incident 42"), tmp_path)
        browser.click("#unfold")
        ground = browser.js("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, ground[4:-1].split(","))) > 380) == (scheme == "light")
        assert browser.js(CONTRAST) == []
        browser.screenshot(tmp_path / f"{scheme}.png")
    finally:
        browser.ask("Emulation.setEmulatedMedia", features=[])


def test_it_fits_a_narrow_window(browser: Chromium, tmp_path: Path) -> None:
    browser.ask("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True)
    try:
        show(browser, several(), tmp_path)
        browser.click("#unfold")
        assert browser.js("document.documentElement.scrollWidth") <= 390
    finally:
        browser.ask("Emulation.clearDeviceMetricsOverride")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_of_the_report_runs_or_makes_an_element(browser: Chromium, tmp_path: Path, text: str) -> None:
    # Markup that differs by language is tried with both; one after the other, since most of the time is the browser's.
    show(browser, everywhere(text), tmp_path, language="zh" if HOSTILE.index(text) % 2 else "en")
    assert complaints(browser) == []
    assert browser.js("document.scripts.length") == 1
    assert (
        browser.js("document.querySelectorAll('img, iframe, object, embed, link, i, a[href]:not(.skip)').length") == 0
    )
    assert browser.js(f"({ATTRIBUTES}).filter((name) => /^on|^style$|^src/.test(name))") == []
    assert len(browser.happened("Network.requestWillBeSent")) == 1


def test_it_speaks_chinese_and_shows_a_glyph_for_every_character(browser: Chromium, tmp_path: Path) -> None:
    show(browser, several(bypass="\u56de\u6eda INC-7"), tmp_path, language="zh")
    assert browser.js("document.documentElement.lang") == "zh-CN"
    assert browser.js("document.querySelector('h1').innerText") == "\u2717 \u7981\u6b62"
    assert browser.js("document.getElementById('shown').textContent") == "\u5171 6 \u9879"
    browser.click("#filter")
    browser.write("\u7b26\u53f7\u7f3a\u5931")
    assert browser.js(NAMES) == ["torchvision"]
    assert browser.js("document.getElementById('shown').textContent") == "\u663e\u793a 1 \u9879\uff0c\u5171 6 \u9879"
    browser.key("Escape")
    browser.click("#unfold")
    assert browser.js("document.getElementById('unfold').textContent") == "\u5168\u90e8\u6536\u8d77"
    assert complaints(browser) == []
    # English words that are left are codes, names and what the report itself holds; no sentence of ours.
    left = browser.js("document.body.innerText.match(/\\b(?:the|and|of|is|not|with)\\b/g) || []")
    assert len(left) <= 12, left
    browser.screenshot(tmp_path / "zh.png")
    assert (tmp_path / "zh.png").stat().st_size > 20_000


def test_the_policy_stops_what_came_through_as_markup(browser: Chromium, tmp_path: Path) -> None:
    attack = (
        "<script>window.ran = 1</script><img src=x onerror='window.ran = 2'><svg onload='window.ran = 3'></svg>"
        "<p style='color: red' id='styled'>x</p><a id='link' href='javascript:window.ran=4'>x</a>"
        "<iframe srcdoc='<script>parent.ran = 5</script>'></iframe>"
    )
    file = tmp_path / "attacked.html"
    file.write_text(reporters.render(several(), "html").replace("<main>", f"<main>{attack}"), encoding="ascii")
    browser.open(file.as_uri())
    browser.click("#link")
    assert browser.js("window.ran") is None
    assert browser.js("getComputedStyle(document.getElementById('styled')).color") != "rgb(255, 0, 0)"
    assert len(complaints(browser)) >= 4
    # The page's own script still runs.
    assert browser.js(OPEN) == []


def test_hundreds_of_findings_are_filtered_at_once(browser: Chromium, tmp_path: Path) -> None:
    show(browser, several(300), tmp_path)
    browser.click("#filter")
    browser.write("torchvision-152")
    assert browser.js("document.getElementById('shown').textContent") == "1 of 300 shown"
    milliseconds = browser.js(
        "(() => { const t = performance.now(); const e = document.getElementById('filter'); e.value = 'numpy';"
        " e.dispatchEvent(new Event('input')); return performance.now() - t; })()"
    )
    assert milliseconds < 500
