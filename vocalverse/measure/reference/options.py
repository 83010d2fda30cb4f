"""What somebody may say of a reference file that the file does not."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReadOptions:
    part: str | None = None  # MIDI's track, MusicXML's part: its name, or its number from 1
    channel: int | None = None  # of MIDI, 1 to 16
    verse: int | None = None  # of MusicXML; otherwise each repeat sings the next
    encoding: str | None = None  # of text without a byte order mark; otherwise as it says, or a careful guess
