"""RECORD: which files a distribution owns, and the digest that ties an installation to its wheel.

Installers write RECORD anew: they move files, rewrite scripts, add byte code and notes of their own. What stays is
the list of the wheel's files with their hashes. ``portable_digest`` is a digest of that list, so it is the same
after every installer, in every prefix and on every Python, and the wheel itself has it too.

Sources: PEP 376, PEP 427 and the "Recording installed projects" specification.
"""

import binascii
import hashlib
import posixpath
import re
from collections import namedtuple

from envguard.facts.reading import RECORD_LIMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import NamedTuple

    class Row(NamedTuple):
        """One row of RECORD."""

        path: str
        hash: str
        size: int | None
else:
    Row = namedtuple("Row", "path hash size")  # noqa: PYI024 - importing typing costs more than parsing a RECORD
    Row.__doc__ = """One row of RECORD.

    Attributes:
        path: Relative to site-packages, with ``/``, normalised; ``../../../bin/x`` for a script.
        hash: ``sha256:<hex>`` (or sha384, sha512), empty where the row has none.
        size: Bytes, or None where the row has none.
    """

PREFIX_LEVELS = 3
"""How many folders up a row may lead: ``lib/python3.11/site-packages`` lies three below the prefix."""

INSTALLER_NOTES = frozenset(
    {
        "RECORD",
        "RECORD.jws",  # signatures of RECORD (PEP 427), which no RECORD may list with a hash
        "RECORD.p7s",
        "INSTALLER",
        "REQUESTED",
        "direct_url.json",
        "provenance_url.json",
        "uv_cache.json",
        "uv_build.json",
    }
)
"""Files of the metadata folder that say how something was installed, not what."""

_PREFIX_FOLDERS = ("bin/", "Scripts/", "etc/", "include/", "share/")
"""Where scripts, data and headers go. ``uv pip install --target`` puts these folders inside the target."""

_DIGEST_BYTES = {"sha256": 32, "sha384": 48, "sha512": 64}
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_NEEDS_QUOTES = re.compile(r'[",\r\n]')
_OTHER_SITE = re.compile(r"(?:\.\./)*(?:local/)?lib(?:64)?/python\d+\.\d+/(?:site|dist)-packages/", re.ASCII)


class RecordError(Exception):
    """A RECORD that says nothing reliable.

    Attributes:
        why: What is wrong with it, in a few words; it may quote the file and must be made safe before printing.
    """

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


def parse(data: bytes, *, levels: int = PREFIX_LEVELS) -> "tuple[Row, ...]":
    """The rows of a RECORD, in its order.

    A path may occur twice: numpy 2.3.5 ships byte code with a hash which pip compiles anew and lists again.

    Args:
        data: The file's bytes.
        levels: How many folders above site-packages still belong to the installation.

    Raises:
        RecordError: It is empty, not UTF-8 or not CSV of three columns, or a row has an absolute path, leaves the
            prefix, or has a hash or a size that is none. One bad row spoils the file: nothing in it is to be trusted.
    """
    text = _decode(data)
    rows = tuple(_row(fields, levels) for fields in _fields(text))
    if not rows:
        raise RecordError("lists no file")
    return rows


def is_bytecode(path: str) -> bool:
    """True for a file below ``__pycache__``: installers and interpreters write those anew, whatever RECORD says.

    A ``.pyc`` beside the sources is another matter: the wheel ships it and nobody rewrites it.
    """
    return "__pycache__/" in path


def leaves_site_packages(path: str) -> bool:
    """True for a row outside the folder that holds the metadata folder, such as a console script."""
    return path.startswith("../")


def portable_digest(rows: "Iterable[Row]", dist_info_name: str) -> str:
    """The digest of what a wheel installs, without what depends on the place and manner of installation.

    It is SHA-256 over the lines ``path,algorithm:hex`` in the order of their code points, each ended by a line feed,
    a path with a comma, quote or line break in CSV quotes. Left out are files outside site-packages (scripts, data,
    headers; also in ``bin``, ``Scripts``, ``etc``, ``include`` and ``share`` inside it), byte code in
    ``__pycache__``, the installer's notes, and rows without a hash: pip adds such rows for files that the wheel
    contains and its RECORD does not list, and uv does not.

    Args:
        rows: Rows of an installed RECORD, or of a wheel as ``rows_from_wheel`` gives them.
        dist_info_name: Name of the metadata folder, such as ``six-1.17.0.dist-info``.

    Returns:
        ``sha256:<hex>``, or an empty string where no row has a hash, so that nothing can be tied to an artifact.
    """
    lines = {f"{_quoted(path)},{digest}\n" for path, digest in _portable(rows, dist_info_name)}
    if not lines:
        return ""
    return "sha256:" + hashlib.sha256("".join(sorted(lines)).encode("utf-8", "surrogatepass")).hexdigest()


def raw_digest(data: bytes) -> str:
    """``sha256:<hex>`` of the bytes of a RECORD: quicker than the portable digest, but bound to one installation."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def rows_from_wheel(path: str) -> "tuple[str, tuple[Row, ...]]":
    """What installing a wheel would record.

    Files of ``<name>.data/purelib`` and ``platlib`` land in site-packages; those of ``scripts``, ``data`` and
    ``headers`` outside, where scripts get a new first line, so their hash is dropped (PEP 427).

    Args:
        path: A wheel file.

    Returns:
        The name of its metadata folder, and the rows.

    Raises:
        RecordError: It is no wheel, or its RECORD is broken.
    """
    import zipfile

    try:
        with zipfile.ZipFile(path) as wheel:
            member = _record_member(wheel.namelist())
            if wheel.getinfo(member).file_size > RECORD_LIMIT:
                raise RecordError(f"more than the {RECORD_LIMIT} bytes that are read")
            data = wheel.read(member)
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise RecordError(f"not a readable wheel: {error}") from error
    return posixpath.dirname(member), as_installed(parse(data))


def as_installed(rows: "Iterable[Row]") -> "tuple[Row, ...]":
    """What installing a wheel would record, from the rows of the RECORD in it: see ``rows_from_wheel``."""
    return tuple(installed_row(row) for row in rows)


def _record_member(names: "Sequence[str]") -> str:
    found = [name for name in names if name.endswith(".dist-info/RECORD") and name.count("/") == 1]
    if len(found) != 1:
        raise RecordError(f"a wheel has one .dist-info/RECORD, this has {len(found)}")
    return found[0]


def installed_row(row: Row) -> Row:
    """A row of a wheel's own RECORD, as an installer would write it."""
    top, _slash, below = row.path.partition("/")
    if not top.endswith(".data"):
        return row
    scheme, _slash, rest = below.partition("/")
    if scheme in ("purelib", "platlib"):
        return row._replace(path=rest)
    if scheme == "data" and (site := _OTHER_SITE.match(rest)):
        return row._replace(path=rest[site.end() :])
    outside = {"scripts": "bin/", "headers": "include/"}.get(scheme, "")
    return Row("../" * PREFIX_LEVELS + outside + rest, "" if scheme == "scripts" else row.hash, None)


def _portable(rows: "Iterable[Row]", dist_info_name: str) -> "Iterator[tuple[str, str]]":
    metadata = dist_info_name + "/"
    for path, digest, _size in rows:
        if not digest or "__pycache__/" in path:
            continue
        if path.startswith(metadata) and path[len(metadata) :] in INSTALLER_NOTES:
            continue
        if path.startswith("../"):
            # Where compiled and pure modules have different folders (lib64 and lib), one is seen from the other.
            site = _OTHER_SITE.match(path)
            if site is None:
                continue
            path = path[site.end() :]  # noqa: PLW2901 - the same file, as seen from its own site-packages
        if not path.startswith(_PREFIX_FOLDERS):
            yield path, digest


def _quoted(path: str) -> str:
    if _NEEDS_QUOTES.search(path):
        return '"' + path.replace('"', '""') + '"'
    return path


def _decode(data: bytes) -> str:
    if len(data) > RECORD_LIMIT:
        raise RecordError(f"{len(data)} bytes, more than the {RECORD_LIMIT} that are read")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RecordError(f"not UTF-8 at byte {error.start}") from error
    if "\0" in text:
        raise RecordError("contains a NUL")
    return text.replace("\r\n", "\n")


def _fields(text: str) -> "Iterator[list[str]]":
    if '"' in text or "\r" in text:
        yield from _csv_fields(text)
        return
    # Hardly any RECORD has quotes, and then splitting at commas is CSV, at half the cost.
    for line in text.split("\n"):
        if line:
            yield line.split(",")


def _csv_fields(text: str) -> "Iterator[list[str]]":
    import csv
    import io

    try:
        for fields in csv.reader(io.StringIO(text, newline=""), strict=True):
            if fields:
                yield fields
    except csv.Error as error:
        raise RecordError(f"not CSV: {error}") from error


def _row(fields: "list[str]", levels: int) -> Row:
    if len(fields) != 3:
        raise RecordError(f"a row with {len(fields)} columns instead of 3: {fields[0]!r}")
    path, digest, size = fields
    return Row(_checked_path(path, levels), _hexadecimal(digest, path) if digest else "", _bytes(size, path))


def _checked_path(path: str, levels: int) -> str:
    # Plain tests before the expensive ones: this runs for each of some 70,000 rows.
    if path[:1] not in "/." and path[-1] not in "/." and "//" not in path and "./" not in path:
        if path[1:2] == ":" and _DRIVE.match(path):
            raise RecordError(f"an absolute path: {path!r}")
        return path
    if path.startswith("/"):
        raise RecordError(f"an absolute path: {path!r}")
    normal = posixpath.normpath(path)
    if not path or path.endswith("/") or posixpath.basename(normal) in (".", ".."):
        raise RecordError(f"a row that names no file: {path!r}")
    if normal.startswith("../" * (levels + 1)):
        raise RecordError(f"a path that leaves the installation: {path!r}")
    return normal


def _hexadecimal(digest: str, path: str) -> str:
    algorithm, _equals, encoded = digest.partition("=")
    algorithm = algorithm.lower()
    length = _DIGEST_BYTES.get(algorithm)
    if length is None:
        raise RecordError(f"an unknown or weak hash {algorithm!r} for {path!r}")
    unpadded = encoded.rstrip("=")
    if len(unpadded) == 2 * length and not unpadded.strip("0123456789abcdef"):
        return f"{algorithm}:{unpadded}"  # Debian's builder writes hexadecimal where PEP 376 wants base64
    try:
        raw = binascii.a2b_base64(unpadded.replace("-", "+").replace("_", "/") + "=" * (-len(unpadded) % 4))
    except ValueError as error:
        raise RecordError(f"a hash that is no base64 for {path!r}") from error
    if len(raw) != length:
        raise RecordError(f"a hash of {len(raw)} bytes for {path!r}, {algorithm} has {length}")
    return f"{algorithm}:{raw.hex()}"


def _bytes(size: str, path: str) -> "int | None":
    if not size:
        return None
    if not (size.isascii() and size.isdigit() and len(size) < 20):
        raise RecordError(f"a size that is no number of bytes for {path!r}")
    return int(size)
