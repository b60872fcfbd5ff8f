"""The files that locks list for a pin: where they lie, without secrets, and what is left unknown."""

from collections.abc import Callable
from pathlib import Path

import pytest

from envguard.environment.interpreter import running
from envguard.formats import load
from envguard.model import Artifact, Pin, Selection, Snapshot

Golden = Callable[..., Snapshot]
DIGEST = "sha256:" + "ab" * 32
HEX = "ab" * 32
WHEEL = "a-1.0-py3-none-any.whl"
HOST = "https://u:secret@h/x"
PLAIN = "https://h/x"
LINUX = Selection(interpreter=running().replace(version="3.11.7"))

UV = 'version = 1\nrequires-python = ">=3.8"\n[[package]]\nname = "d"\nversion = "1"\nsource = { virtual = "." }\n'
UV += 'dependencies = [{ name = "a" }]\n[[package]]\nname = "a"\nversion = "1.0"\nsource = { registry = "%s" }\n%s\n'
PYLOCK = 'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "a"\nversion = "1.0"\n%s\n'
POETRY = '[[package]]\nname = "a"\nversion = "1.0"\noptional = false\npython-versions = "*"\ngroups = ["main"]\n'
POETRY += 'files = [{ file = "%s", hash = "%s" }]\n[metadata]\nlock-version = "2.1"\npython-versions = "*"\n'
OLD_POETRY = '[[package]]\nname = "a"\nversion = "1.0"\ncategory = "main"\noptional = false\npython-versions = "*"\n'
OLD_POETRY += '[metadata]\nlock-version = "1.1"\npython-versions = "*"\n[metadata.files]\n'
OLD_POETRY += 'a = [{ file = "%s", hash = "%s" }]\n'
PDM = '[metadata]\ngroups = ["default"]\nstrategy = ["inherit_metadata"]\nlock_version = "4.5.0"\n[[package]]\n'
PDM += 'name = "a"\nversion = "1.0"\ngroups = ["default"]\nfiles = [%s]\n'
CONDA_LOCK = "version: 1\nmetadata: {content_hash: {}, platforms: [linux-64]}\npackage:\n- name: a\n  version: '1.0'\n"
CONDA_LOCK += "  manager: pip\n  platform: linux-64\n  url: %s\n  hash: {sha256: %s}\n"
PIPFILE = '{"_meta": {"pipfile-spec": 6}, "default": {"a": {"version": "==1.0", "hashes": ["%s"]}}}'
BOM = '{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "a", "purl": "pkg:pypi/a@1.0", '
BOM += '"externalReferences": [{"type": "distribution", "url": "%s", "hashes": [{"alg": "SHA-256", "content": "%s"}]}'
BOM += "]}]}"


def the_pin(snapshot: Snapshot) -> Pin:
    (pin,) = snapshot.pins
    assert "secret" not in repr(pin)
    return pin


@pytest.mark.parametrize(
    ("name", "content", "url", "size"),
    [
        ("uv.lock", UV % (PLAIN, f'wheels = [{{ url = "{HOST}/{WHEEL}", hash = "{DIGEST}", size = 7 }}]'), PLAIN, 7),
        (
            "pylock.toml",
            PYLOCK % f'wheels = [{{ url = "{HOST}/{WHEEL}", hashes = {{ sha256 = "{HEX}" }}, size = 7 }}]',
            PLAIN,
            7,
        ),
        ("poetry.lock", POETRY % (WHEEL, DIGEST), "", None),
        ("poetry.lock", OLD_POETRY % (WHEEL, DIGEST), "", None),
        ("pdm.lock", PDM % f'{{ file = "{WHEEL}", hash = "{DIGEST}" }}', "", None),
        ("pdm.lock", PDM % f'{{ url = "{HOST}/{WHEEL}", hash = "{DIGEST}" }}', PLAIN, None),
        ("conda-lock.yml", CONDA_LOCK % (f"{HOST}/{WHEEL}", HEX), PLAIN, None),
        ("bom.json", BOM % (f"{HOST}/{WHEEL}", HEX), PLAIN, None),
    ],
)
def test_each_reader_keeps_what_its_format_says(
    golden: Golden, name: str, content: str, url: str, size: int | None
) -> None:
    selection = None if name == "bom.json" else LINUX
    pin = the_pin(golden(content, name, selection=selection))
    place = f"{url}/{WHEEL}" if url else ""
    assert pin.artifacts == (Artifact(name=WHEEL, url=place, hashes=(DIGEST,), size=size),)
    assert pin.hashes == (DIGEST,)


def test_hashes_alone_are_no_artifacts(golden: Golden) -> None:
    pin = the_pin(golden(PIPFILE % DIGEST, "Pipfile.lock"))
    assert (pin.hashes, pin.artifacts) == ((DIGEST,), ())


def test_what_a_query_names_has_no_place(golden: Golden) -> None:
    """The query may be a signature, so it goes; what is left would fetch something else."""
    pin = the_pin(
        golden(UV % (PLAIN, f'sdist = {{ url = "{PLAIN}/a-1.0.zip?t=secret", hash = "{DIGEST}" }}'), "uv.lock")
    )
    assert pin.artifacts == (Artifact(name="a-1.0.zip", hashes=(DIGEST,)),)


def test_a_folder_of_wheels_is_an_index_too(golden: Golden, tmp_path: Path) -> None:
    pin = the_pin(golden(UV % ("../main", f'wheels = [{{ path = "{WHEEL}", hash = "{DIGEST}" }}]'), "uv.lock"))
    assert pin.artifacts[0].url == f"file://{tmp_path.parent}/main/{WHEEL}"
    assert pin.tags == ("py3-none-any",)
    wheel = f'wheels = [{{ path = "wheels/{WHEEL}", hashes = {{ sha256 = "{HEX}" }} }}]'
    assert the_pin(golden(PYLOCK % wheel, "pylock.toml")).artifacts[0].url == f"file://{tmp_path}/wheels/{WHEEL}"


def test_names_are_unquoted(golden: Golden) -> None:
    url = f"{PLAIN}/a-1.0%2Bcu124-py3-none-any.whl"
    pin = the_pin(golden(UV % (PLAIN, f'wheels = [{{ url = "{url}", hash = "{DIGEST}" }}]'), "uv.lock"))
    assert (pin.artifacts[0].name, pin.artifacts[0].url) == ("a-1.0+cu124-py3-none-any.whl", url)


def test_what_is_fetched_by_its_own_url_is_no_file_of_an_index(golden: Golden) -> None:
    content = UV.replace("registry", "url") % (
        f"{PLAIN}/{WHEEL}",
        f'wheels = [{{ url = "{PLAIN}/{WHEEL}", hash = "{DIGEST}" }}]',
    )
    pin = the_pin(golden(content, "uv.lock"))
    assert pin.source is not None
    assert (pin.source.digest, pin.artifacts) == (DIGEST, ())


def test_two_lines_that_allow_one_common_file(golden: Golden) -> None:
    other = "cd" * 32
    both = CONDA_LOCK % (f"{PLAIN}/{WHEEL}", HEX)
    entry = both.partition("package:\n")[2]
    assert the_pin(golden(both + entry, "conda-lock.yml", selection=LINUX)).artifacts[0].hashes == (DIGEST,)
    contradicting = the_pin(golden(both + entry.replace(HEX, other), "conda-lock.yml", selection=LINUX))
    assert contradicting.unverifiable
    assert contradicting.artifacts == ()


def test_every_digest_of_a_real_lock_belongs_to_a_file(corpus: Path) -> None:
    for path in ("uv/nanochat-uv.lock", "pylock/oyez-pylock.toml", "poetry/rasa-sdk-poetry.lock", "pdm/pdm-4.5.1.lock"):
        for pin in load(corpus / path, selection=LINUX).pins:
            listed = {digest for artifact in pin.artifacts for digest in artifact.hashes}
            assert listed == set(pin.hashes) or pin.source is not None, (path, pin.name)
            assert all(artifact.name for artifact in pin.artifacts)
