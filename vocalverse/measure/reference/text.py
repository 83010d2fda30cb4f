"""Which encoding a text file is in. Most are UTF-8, and those from before are in that of their author's Windows."""

import codecs
import re
from dataclasses import dataclass

from vocalverse.errors import BadInput, ReferenceBroken

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What may be asked for, and by which names files declare it.
_KNOWN = {
    "utf8": "utf-8",
    "utf16": "utf-16",
    "ascii": "utf-8",
    **{f"{prefix}{page}": f"cp{page}" for prefix in ("cp", "windows", "win") for page in (*range(1250, 1258), 932)},
    "latin1": "cp1252",  # whoever says Latin-1 means Windows' superset
    "iso88591": "cp1252",
    "iso88592": "iso8859-2",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
    "cp936": "gb18030",
    "big5": "cp950",
    "cp950": "cp950",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "eucjp": "euc_jp",
    "euckr": "cp949",
    "cp949": "cp949",
}
_BY_LANGUAGE = {
    "cp1250": ("polish", "czech", "slovak", "hungarian", "slovenian", "croatian", "romanian", "bosnian", "albanian"),
    "cp1251": ("russian", "ukrainian", "bulgarian", "serbian", "belarusian", "macedonian"),
    "cp1253": ("greek",),
    "cp1254": ("turkish",),
    "gb18030": ("chinese", "mandarin"),
    "cp932": ("japanese",),
    "cp949": ("korean",),
}
_LANGUAGES = {language: encoding for encoding, languages in _BY_LANGUAGE.items() for language in languages}
_FALLBACK = "cp1252"
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_KANA = re.compile("[\u3041-\u30ff]")  # a cp932 text without any is no Japanese song
_CJK = re.compile("[\u3041-\u30ff\u4e00-\u9fff]")


@dataclass(frozen=True)
class Encoding:
    name: str
    warning: str | None = None


def find_encoding(
    data: bytes, *, asked: str | None = None, declared: str | None = None, language: str | None = None
) -> Encoding:
    """A byte order mark, then what was asked for, then UTF-8 where the bytes are that, then what the file declares.

    Bytes beyond ASCII that are UTF-8 by chance are so rare that a declaration against them is the likelier mistake.
    """
    for mark, name in _MARKS.items():
        if data.startswith(mark):
            return Encoding(name)
    if asked is not None:
        return Encoding(_known(asked))
    if _fits(data, "utf-8"):
        return Encoding("utf-8")
    said = _KNOWN.get(_plain(declared or ""), "utf-8")
    if said != "utf-8" and _fits(data, said):
        return Encoding(said)
    return _guess(data, language)


def decode(data: bytes, encoding: Encoding) -> str:
    try:
        return data.decode(encoding.name).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ReferenceBroken(f"line {line}: this is no {encoding.name}; save the file as UTF-8.") from None


def _known(asked: str) -> str:
    if name := _KNOWN.get(_plain(asked)):
        return name
    raise BadInput(f"There is no encoding {asked!r} here. UTF-8, cp1252, cp1250, GBK and Shift-JIS are some that are.")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _guess(data: bytes, language: str | None) -> Encoding:
    name = _LANGUAGES.get(re.split(r"[^a-z]", (language or "").strip().lower())[0]) or _asian(data) or _FALLBACK
    if not _fits(data, name):
        raise ReferenceBroken("its text is neither UTF-8 nor in an encoding that can be guessed: save it as UTF-8.")
    return Encoding(name, f"Its text is not UTF-8 and was read as {name}: look at the letters with accents.")


def _asian(data: bytes) -> str | None:
    """Letters of two bytes come in long runs, or in pairs where a file has its syllables one by one; accented letters
    stand alone between plain ones, or two together.
    """
    runs = list(_HIGH_RUN.finditer(data))
    if sum(len(run[0]) for run in runs if _is_of_pairs(run, data)) < 0.5 * sum(len(run[0]) for run in runs):
        return None
    if _fits(data, "cp932") and len(_KANA.findall(data.decode("cp932"))) > 0.2 * len(runs):
        return "cp932"
    if _fits(data, "gb18030") and len(_CJK.findall(data.decode("gb18030"))) >= len(runs):
        return "gb18030"
    return None


def _is_of_pairs(run: re.Match[bytes], data: bytes) -> bool:
    beside = data[max(0, run.start() - 1) : run.start()] + data[run.end() : run.end() + 1]
    return len(run[0]) > 3 or (len(run[0]) == 2 and not re.search(rb"[A-Za-z]", beside))


def _fits(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
