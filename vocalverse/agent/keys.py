"""The venue's key: from a file, which may be replaced while the agent runs, or from the settings. Never shown."""

import re
from collections.abc import Callable

from vocalverse.agent.options import AgentOptions
from vocalverse.errors import BadSettings

_KEY = re.compile(r"[\x21-\x7e]+")
_LONGEST = 4096


def key_reader(options: AgentOptions) -> Callable[[], str]:
    """Called for every request, so that a new key in the file counts at once."""

    def read() -> str:
        if options.key_file is None:
            return _checked(options.key, "VOCALVERSE_AGENT_KEY")
        try:
            with options.key_file.open(encoding="utf-8") as file:
                return _checked(file.read(_LONGEST).strip(), str(options.key_file))
        except (OSError, UnicodeDecodeError) as trouble:
            raise BadSettings(f"The key file {options.key_file} cannot be read ({trouble}).") from None

    return read


def _checked(key: str, where: str) -> str:
    if not key:
        raise BadSettings(f"{where} holds no key: give --key-file, or set VOCALVERSE_AGENT_KEY.")
    if not _KEY.fullmatch(key):
        raise BadSettings(f"{where} holds something that is no key: it should be one line like vv_abc.secret.")
    return key
