"""Which file systems are believed to show every change."""

from pathlib import Path

import pytest

from envguard.facts import mounts
from envguard.facts.mounts import Mount

TABLE = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:24 / /tmp rw,nosuid shared:2 - tmpfs tmpfs rw,size=1024k
31 22 0:40 / /srv/my\040data rw - nfs4 host:/data rw,vers=4.2
32 22 0:41 / /merged rw - overlay overlay rw,lowerdir=/l1:/l2,upperdir=/tmp/upper,workdir=/tmp/work
33 22 0:42 / /layers rw - overlay overlay rw,lowerdir=/l1,upperdir=/var/lib/upper,workdir=/var/lib/work
34 22 254:1 / /over rw - xfs /dev/sdb rw
35 34 0:43 / /over rw - fuse.sshfs host:/ rw
36 22 254:0 /file /app/venv/lib/pinned.py rw - ext4 /dev/root rw
""".lstrip()


@pytest.mark.parametrize(
    ("folder", "trusted"),
    [
        ("/app/other", True),
        ("/application", True),
        ("/tmp", False),
        ("/tmp/venv", False),
        ("/srv/my data/venv", False),
        ("/srv/my", True),
        ("/srv", False),  # something is mounted below it
        ("/merged/venv", False),  # what it writes lies in memory
        ("/layers/venv", True),
        ("/over/venv", False),  # the last of two over one another
        ("/app/venv", False),
        ("/app/venv/lib", False),
    ],
)
def test_only_local_file_systems_with_nothing_mounted_below_are_believed(folder: str, *, trusted: bool) -> None:
    assert mounts.are_trusted([folder], mounts.parse(TABLE)) is trusted


def test_one_folder_that_is_not_believed_is_enough() -> None:
    table = mounts.parse(TABLE)
    assert mounts.are_trusted(["/app/other", "/layers"], table)
    assert not mounts.are_trusted(["/app/other", "/tmp"], table)


def test_a_table_that_is_not_understood_says_nothing() -> None:
    assert len(mounts.parse(TABLE)) == 8
    assert mounts.parse(TABLE + "something else\n") == []
    assert not mounts.are_trusted(["/"], [])


def test_the_table_of_this_process_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Mount("/proc", "proc", "") in mounts.read()
    assert not mounts.are_trusted(["/proc/self"])
    monkeypatch.setattr(mounts, "_TABLE", str(tmp_path / "none"))
    assert mounts.read() == []
