"""A melody as an UltraStar chart, for a peer that reads no other."""

from vocalverse.measure.reference.melody import Melody, NoteKind

_MARKS = {
    NoteKind.NORMAL: ":",
    NoteKind.GOLDEN: "*",
    NoteKind.RAP: "R",
    NoteKind.GOLDEN_RAP: "G",
    NoteKind.FREESTYLE: "F",
}
_BEATS_PER_TOLD_BEAT = 4
_MIDDLE_C = 60


def as_ultrastar(melody: Melody, *, beat_s: float) -> str:
    said = [
        "#TITLE:Song",
        "#ARTIST:Singer",
        "#MP3:take.wav",
        f"#BPM:{60 / beat_s / _BEATS_PER_TOLD_BEAT:.6f}",
        "#GAP:0",
    ]
    for line in melody.lines:
        for note in line.notes:
            start, end = round(note.start_s / beat_s), round(note.end_s / beat_s)
            pitch = 0 if note.midi is None else round(note.midi) - _MIDDLE_C
            said.append(f"{_MARKS[note.kind]} {start} {max(1, end - start)} {pitch} {note.text or '~'}")
        said.append(f"- {round(line.end_s / beat_s)}")
    return "\n".join([*said[:-1], "E", ""])
