"""What `--song NAME` finds in the database: a chart before a guide, a guide before lyrics, and errors that say what to do."""

from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from tests.integration.conftest import Database
from vocalverse.cli import main
from vocalverse.cli.listener import Listener, Wanted
from vocalverse.cli.measure_song import known_song
from vocalverse.errors import NotFound, ReferenceBroken, VocalVerseError
from vocalverse.measure.reference.melody import Source
from vocalverse.synthesis.repertoire import song

CHART = "#TITLE:Hey\n#BPM:300\n: 0 8 12 Hey\n: 8 8 14  you\nE\n"
LYRICS = "[00:01.00]Hey you\n"


@pytest.fixture
def listener() -> Listener:
    return Listener.open(Wanted(alone=True))


@pytest.fixture
def songs(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with what can be imported as one, and a database to import it into."""
    monkeypatch.setenv("VOCALVERSE_DATABASE_URL", database.owner)
    monkeypatch.setenv("VOCALVERSE_DATA", str(tmp_path / "data"))
    (tmp_path / "hey.txt").write_text(CHART)
    (tmp_path / "hey.lrc").write_text(LYRICS)
    soundfile.write(tmp_path / "hey.wav", song(20, seed=3).samples, 44_100)
    return tmp_path


def run(*said: object) -> None:
    result = CliRunner().invoke(main, list(map(str, said)))
    assert result.exit_code == 0, result.output


def test_a_chart_goes_before_a_guide_and_a_guide_before_lyrics(songs: Path, listener: Listener):
    run("songs", "import", "hey", songs / "hey.lrc")
    assert known_song("hey", listener).melody.source is Source.LRC
    run("songs", "import", "hey", songs / "hey.wav", "--voice")
    guided = known_song("hey", listener)
    assert (guided.melody.source, len(guided.guide.midi) > 500) == (Source.GUIDE, True)
    run("songs", "import", "hey", songs / "hey.txt")
    charted = known_song("hey", listener)
    assert (charted.melody.source, charted.guide is None) == (Source.ULTRASTAR, False)


def test_a_guide_of_a_file_and_of_the_database_are_the_same(songs: Path, listener: Listener):
    run("songs", "import", "hey", songs / "hey.wav", "--voice")
    stored, heard = known_song("hey", listener), known_song(str(songs / "hey.wav"), listener)
    assert stored.melody == heard.melody


@pytest.mark.parametrize(("said", "kind"), [("nobody", NotFound), ("empty", ReferenceBroken)])
def test_a_song_that_is_not_there_or_of_which_nothing_is_known_is_told(
    songs: Path, listener: Listener, said: str, kind: type[VocalVerseError]
):
    run("songs", "add", "empty", "--title", "Empty")
    with pytest.raises(kind, match=said):
        known_song(said, listener)


def test_what_is_stored_and_broken_is_remarked(songs: Path, listener: Listener, database: Database):
    run("songs", "import", "hey", songs / "hey.lrc")
    run("songs", "import", "hey", songs / "hey.txt")
    engine = create_engine(database.owner)
    with engine.begin() as connection:
        connection.execute(text("UPDATE song_references SET melody = '{}' WHERE kind = 'melody'"))
    engine.dispose()
    known = known_song("hey", listener)
    assert (known.melody.source, len(known.remarks)) == (Source.LRC, 1)
