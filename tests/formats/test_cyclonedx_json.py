import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from envguard.errors import LockError
from envguard.formats import load
from envguard.model import Pin, Snapshot

Golden = Callable[..., Snapshot]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SHA256 = "0123456789abcdef" * 4


def bom(*components: Any, **more: Any) -> str:
    content = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": list(components), **more}
    return json.dumps(content, indent=2)


def one(golden: Golden, component: dict[str, Any]) -> Pin:
    (pin,) = golden(bom(component), "bom.json").pins
    return pin


def test_the_fixture(lockfiles: Path) -> None:
    path = lockfiles / "cyclonedx_json" / "bom.json"
    found = load(path)
    assert (found.format, found.complete) == ("cyclonedx", False)
    assert "1 components are neither" in found.incomplete_why
    assert "1 components stand inside" in found.incomplete_why
    six, numpy, a = found.pins
    assert (six.manager, six.name, six.version, six.hashes) == ("pip", "six", "1.16.0", (f"sha256:{SHA256}",))
    assert (numpy.manager, numpy.version, numpy.build, numpy.channel) == ("conda", "1.26.4", "py311_0", "conda-forge")
    assert a.source is not None
    assert (a.source.kind, a.source.url, a.source.revision) == ("vcs", "https://h/a.git", COMMIT)
    lines = path.read_text().splitlines()
    assert all("purl" in lines[pin.line - 1] and pin.name in lines[pin.line - 1] for pin in found.pins)


def test_what_is_not_there_is_not_guessed(golden: Golden) -> None:
    assert "no version" in one(golden, {"purl": "pkg:pypi/six"}).unverifiable
    assert one(golden, {"purl": "pkg:pypi/six", "version": "1.0"}).version == "1.0"
    assert "its purl says" in one(golden, {"purl": "pkg:pypi/six@1.1", "version": "1.0"}).unverifiable
    assert "no version" in one(golden, {"purl": "pkg:conda/zlib"}).unverifiable
    assert one(golden, {"purl": "pkg:conda/zlib@1.3"}).build == ""
    assert one(golden, {"purl": "pkg:pypi/torch@2.5.0%2Bcu124"}).version == "2.5.0+cu124"


def test_digests_of_the_artifact(golden: Golden) -> None:
    hashes = [{"alg": "SHA-256", "content": SHA256}, {"alg": "BLAKE3", "content": SHA256}]
    reference = {"type": "distribution", "url": "https://example.org/x", "hashes": hashes}
    assert one(golden, {"purl": "pkg:pypi/a@1", "externalReferences": [reference]}).hashes == (f"sha256:{SHA256}",)
    assert one(golden, {"purl": "pkg:pypi/a@1", "externalReferences": [{**reference, "type": "website"}]}).hashes == ()


def test_it_may_say_that_it_is_not_complete(golden: Golden) -> None:
    six = {"purl": "pkg:pypi/six@1.0"}
    assert golden(bom(six)).complete
    assert golden(bom(six, compositions=[{"aggregate": "complete"}])).complete
    assert not golden(bom(six, compositions=[{"aggregate": "incomplete"}])).complete


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (bom().replace("1.6", "2.0"), "version '2.0'"),
        (bom().replace("components", "things").replace('"1.6"', "16"), "specVersion is no text"),
        (bom(1), "a component is no object"),
        (bom({"purl": "pkg:pypi/"}), "not a purl"),
        (bom({"purl": "pkg:pypi/a%20b@1"}), "not a name"),
        (bom({"purl": "pkg:conda/a@1-2"}), "not a package of conda"),
        (bom({"purl": "pkg:pypi/a@1", "hashes": [{"alg": "SHA-256", "content": "x"}]}), "not a digest"),
        (bom({"purl": 1}), "purl is no text"),
    ],
)
def test_what_is_refused(golden: Golden, text: str, why: str) -> None:
    with pytest.raises(LockError, match=why):
        golden(text, "bom.json", format="cyclonedx")


@pytest.mark.parametrize(
    ("kind", "name", "version", "qualifiers"),
    [
        ("pypi", "jaraco.classes", "3.4", {}),
        ("pypi", "torch", "2.5.0+cu124", {"file_name": "torch.whl"}),
        ("pypi", "a", "1!2.0", {"vcs_url": f"git+https://example.org/a.git@{COMMIT}"}),
        ("conda", "_libgcc_mutex", "0.1", {"build": "conda_forge", "channel": "conda-forge", "subdir": "linux-64"}),
        ("conda", "r-base", "4.3+x", {"build": "h_0+y", "channel": "https://example.org/my channel"}),
    ],
)
def test_purls_are_read_as_their_library_writes_them(
    golden: Golden, kind: str, name: str, version: str, qualifiers: dict[str, str]
) -> None:
    pytest.importorskip("packageurl")
    purl = importlib.import_module("packageurl").PackageURL(kind, None, name, version, qualifiers).to_string()
    pin = one(golden, {"purl": purl})
    assert pin.name == (name.replace(".", "-") if kind == "pypi" else name)
    assert pin.version == version
    assert pin.build == qualifiers.get("build", "")
    assert bool(pin.source) == ("vcs_url" in qualifiers)
    assert not pin.unverifiable


@pytest.mark.parametrize("version", ["V1Dot4", "V1Dot5", "V1Dot6"])
def test_what_the_library_of_cyclonedx_writes(golden: Golden, version: str) -> None:
    pytest.importorskip("cyclonedx")
    model = importlib.import_module("cyclonedx.model")
    component = importlib.import_module("cyclonedx.model.component")
    output = importlib.import_module("cyclonedx.output.json")
    document = importlib.import_module("cyclonedx.model.bom").Bom()
    purl = importlib.import_module("packageurl").PackageURL
    digest = model.HashType(alg=model.HashAlgorithm.SHA_256, content=SHA256)
    document.components.add(
        component.Component(name="six", version="1.16.0", purl=purl("pypi", None, "six", "1.16.0"), hashes=[digest])
    )
    document.components.add(
        component.Component(name="openssl", version="3", purl=purl("deb", "debian", "openssl", "3"))
    )
    text = getattr(output, f"Json{version}")(document).output_as_string(indent=1)
    found = golden(text, "bom.json")
    assert [(pin.name, pin.version, pin.hashes) for pin in found.pins] == [("six", "1.16.0", (f"sha256:{SHA256}",))]
    assert not found.complete
