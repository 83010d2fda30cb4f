"""What judges from the first start on: the release that comes with the package, where nobody has chosen before."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from vocalverse.errors import VocalVerseError
from vocalverse.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from vocalverse.release.shelf import ReleaseShelf

FIRST = "lite"

_CHOSEN = f"{FIRST} judges what comes from here on."
_RESCORE = f" What was recorded before it had no scores: `vocalverse recordings rescore --release {FIRST}` judges that."
_MORE = (
    "There is lite-research, too: it has heard real singers and tells them apart on the whole of the scale, and is for"
    " research, not for venues (`vocalverse releases activate lite-research --accept-licence`)."
)


def choose_first(settings: Settings, say: Callable[[str], None]) -> None:
    """An operator's choice stays, `none` too."""
    from vocalverse.release.shelf import ReleaseShelf
    from vocalverse.store.connect import owner_engine
    from vocalverse.store.releases import Known, activate, active_release, was_chosen

    shelf, engine = ReleaseShelf(Path(settings.releases)), owner_engine(settings.database_url)
    with engine.begin() as connection:
        if not was_chosen(connection):
            sealed = shelf.ready(FIRST)
            activate(connection, Known.of(sealed), actor="up")
            say(_CHOSEN + (_RESCORE if _has_recordings(connection) else ""))
        active = active_release(connection).name
    engine.dispose()
    if active == FIRST:
        say(_MORE)
    elif marked := _marked(shelf, active):
        say(f"{active} judges here. {marked}")


def _marked(shelf: "ReleaseShelf", name: str) -> str:
    from vocalverse.release.licence import mark

    try:
        return mark(shelf.read(name))
    except VocalVerseError:  # it is nobody's start that fails of it: the doctor tells what is wrong with it
        return ""


def _has_recordings(connection: "Connection") -> bool:
    from sqlalchemy import exists, select

    from vocalverse.store.tables import Recording

    return bool(connection.scalar(select(exists().select_from(Recording))))
