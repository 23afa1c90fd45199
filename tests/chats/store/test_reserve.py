"""Deleting works on a full disk: on a small one of its own, filled to its last byte."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.chats.store.reserve import ROOM
from core.chats.store.store import Store

ROOT = Path(__file__).parent.parent.parent.parent
SMALL = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
MOUNT = 'mount -t tmpfs -o size={size}m none "$1" && exec "$2" "$3" "$1"'

FILL = """
import sys
from core.chats.store.store import Store
from core.errors import BackendUnavailable
from core.translation.messages import Message, Text

folder = sys.argv[1]
store = Store(f"sqlite:///{folder}/chats.db")
made = []

def grow():
    chat = store.create_chat("me", title="t")
    made.append(chat.id)
    text = Text("some words that are kept " * 2000)
    return store.add_message("me", chat.id, Message(role="user", parts=(text,)), parent_id=None)

def full():
    try:
        while True:
            grow()
    except BackendUnavailable as error:
        assert "full" in error.message, error.message

full()
# Others fill what is left, too.
try:
    with open(f"{folder}/other", "wb", buffering=0) as other:
        while True:
            other.write(b"x" * 4096)
except OSError:
    pass
kept = len(store.chats("me", limit=10_000))
for chat in made[:3]:
    store.hide_chat("me", chat)
assert store.forget() == 3
for chat in made[3:20]:
    store.delete_chat("me", chat)
message = store.messages("me", made[20])[0]
store.hide_message("me", message.id)
assert len(store.chats("me", limit=10_000)) == kept - 20
for _ in range(5):
    grow()
store.close()
again = Store(f"sqlite:///{folder}/chats.db")
assert len(again.chats("me", limit=10_000)) == kept - 15
print("fine", kept)
"""


def on_a_disk_of(size: int, program: str, folder: Path) -> str:
    """Run a program with a folder on a disk of so many MB; return what it prints."""
    script = folder / "program.py"
    script.write_text(program)
    small = folder / "small"
    small.mkdir()
    mount = MOUNT.format(size=size)
    ran = subprocess.run([*SMALL, mount, "sh", str(small), sys.executable, str(script)], cwd=ROOT,
                         capture_output=True, text=True, timeout=100,
                         env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
                         check=False)  # fmt: skip
    if "unshare" in ran.stderr or "mount:" in ran.stderr:
        pytest.skip("no small disk can be made here")
    assert ran.returncode == 0, ran.stderr[-3000:]
    return ran.stdout


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("unshare"), reason="needs a disk of its own")
def test_chats_can_be_deleted_on_a_full_disk(tmp_path: Path) -> None:
    assert on_a_disk_of(14, FILL, tmp_path).startswith("fine")


def test_the_room_is_kept_beside_the_file(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'chats.db'}")
    room = tmp_path / "chats.db-reserve"
    assert room.stat().st_size == ROOM
    assert room.stat().st_blocks * 512 >= ROOM
    store.reserve.give_up()
    assert not room.exists()
    store.reserve.keep()
    assert room.exists()
    store.close()
