"""The releases on this machine: those that come with the package, and a folder of an operator's own; what of them may be
used, and putting more in.
"""

import json
import shutil
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from vocalverse.errors import Conflict, ReleaseBroken, ReleaseUnknown
from vocalverse.records import Progress, no_progress
from vocalverse.release.licence import require_accepted
from vocalverse.release.read import read
from vocalverse.release.sense import is_name
from vocalverse.release.spec import ReleaseSpec
from vocalverse.release.sums import SUMS, digest_of, read_sums
from vocalverse.release.verify import Sealed, verify
from vocalverse.release.whole import put
from vocalverse.separate.stems import Together

BUNDLED = Path(__file__).with_name("bundled")

_ACCEPTED = ".accepted.json"


@dataclass(frozen=True)
class Accepted:
    """Licences that somebody agreed to for a release, and when. It lies beside the release, which never changes."""

    digest: str  # of the release that was agreed to
    licences: tuple[str, ...]
    at: str  # UTC, ISO 8601


class ReleaseShelf:
    """Releases by name, each in a folder of its own. `folder` need not exist before something is put in; the package is
    never written to.
    """

    def __init__(self, folder: Path, *, bundled: Path = BUNDLED) -> None:
        self.folder = folder
        self._bundled = bundled

    def names(self) -> tuple[str, ...]:
        """Whether they are sound is another question."""
        folders = (path for shelf in (self.folder, self._bundled) for path in shelf.glob("*") if path.is_dir())
        return tuple(sorted({path.name for path in folders if is_name(path.name)}))

    def is_bundled(self, name: str) -> bool:
        """With nothing of an operator's before it."""
        return (self._bundled / name).is_dir() and not (self.folder / name).is_dir()

    def where(self, name: str) -> Path:
        """Whether or not something is there."""
        return (self._bundled if self.is_bundled(name) else self.folder) / name

    def place(self, name: str) -> Path:
        folder = self.where(name)
        if not is_name(name) or not folder.is_dir():
            here = ", ".join(self.names()) or "none"
            raise ReleaseUnknown(
                f"There is no release {name!r} here; there is {here}. Put it into {self.folder}:"
                " vocalverse releases install FOLDER"
            )
        return folder

    def read(self, name: str) -> ReleaseSpec:
        spec = read(self.place(name))
        self._require_own_name(spec, name)
        return spec

    def verify(self, name: str, *, progress: Progress = no_progress) -> Sealed:
        sealed = verify(self.place(name), progress=progress)
        self._require_own_name(sealed.spec, name)
        return sealed

    def install(self, source: Path, *, accepted: Collection[str] = (), progress: Progress = no_progress) -> Sealed:
        """Copies a release, verified before and after, whole or not at all; what was agreed to is written down. One that
        was tampered with here is made good; so is one of the package, beside it.
        """
        given = verify(source, progress=progress)
        self._require_no_other(given)
        self._require_agreed(given, accepted)

        def fill(unfinished: Path) -> None:
            for path in (*given.sums, SUMS):
                (unfinished / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / path, unfinished / path)

        installed = put(self.folder / given.spec.name, fill)
        self.accept(installed, accepted)
        return installed

    def accept(self, sealed: Sealed, licences: Collection[str] = ()) -> None:
        """Refused where not all that has to be agreed to was, now or before; else written down."""
        agreed = self._require_agreed(sealed, licences)
        if licences:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            self._write(sealed.spec.name, Accepted(sealed.digest, agreed, now))

    def ready(self, name: str, *, progress: Progress = no_progress) -> Sealed:
        """Verified, and all agreed to: what may judge."""
        sealed = self.verify(name, progress=progress)
        self.accept(sealed)
        return sealed

    def accepted(self, name: str, digest: str) -> Accepted | None:
        """What was agreed to for that release, and for no other that had its name."""
        path = self._record(name)
        if not path.exists():
            return None
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            found = Accepted(str(said["digest"]), tuple(map(str, said["licences"])), str(said["at"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ReleaseBroken(
                f"{path} cannot be read ({error}): remove it, then accept the licences again."
            ) from None
        return found if found.digest == digest else None

    def _require_agreed(self, sealed: Sealed, licences: Collection[str]) -> tuple[str, ...]:
        """All that was agreed to, now and before."""
        before = self.accepted(sealed.spec.name, sealed.digest)
        agreed = tuple(dict.fromkeys((*(before.licences if before else ()), *licences)))
        require_accepted(sealed.spec, agreed)
        return agreed

    def _require_no_other(self, given: Sealed) -> None:
        """What the package calls so is never anything else."""
        name = given.spec.name
        if self.is_bundled(name) and digest_of(read_sums(self._bundled / name)) != given.digest:
            raise Conflict(
                f"{name} comes with VocalVerse, and what lies in {given.folder} is another release of that name: give it"
                " another name."
            )

    def _write(self, name: str, accepted: Accepted) -> None:
        with Together() as together, together.file(self._record(name)) as file:
            file.write((json.dumps(asdict(accepted), indent=2) + "\n").encode())

    def _record(self, name: str) -> Path:
        return self.folder / f"{name}{_ACCEPTED}"

    def _require_own_name(self, spec: ReleaseSpec, name: str) -> None:
        if spec.name != name:
            raise ReleaseBroken(
                f"{self.where(name)} holds the release {spec.name}: a folder is called as its release. Remove it, and"
                " install the release again."
            )
