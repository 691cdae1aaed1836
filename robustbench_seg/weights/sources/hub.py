"""Files of the Hugging Face hub, through its library and in its cache."""

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from robustbench_seg.errors import WeightsError


class NotOnHubError(WeightsError):
    """The hub has no such repository, or the repository has no such revision."""


class NotInRepositoryError(NotOnHubError):
    """A repository has no file of this name."""


def cached_hub_file(repository: str, names: Sequence[str], revision: str | None) -> Path | None:
    """Find a file of a repository in the hub's own cache.

    Args:
        repository: Hub id.
        names: Names of the file, the preferred one first.
        revision: Commit, tag or branch. None: the main branch.

    Returns:
        The first of these files in the cache, or None.

    Raises:
        WeightsError: The repository is not an id of the hub.
    """
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        entries = (try_to_load_from_cache(repository, name, revision=revision) for name in names)
        return next((Path(path) for path in entries if isinstance(path, str)), None)
    except HFValidationError as error:
        first = str(error).splitlines()[0]
        raise WeightsError(f"{repository}: not an id of the Hugging Face hub ({first})") from error


def is_known_missing(repository: str, name: str, revision: str | None) -> bool:
    """Look up in the hub's cache whether an earlier request found no such file.

    Args:
        repository: Hub id.
        name: Name of the file.
        revision: Commit, tag or branch. None: the main branch.
    """
    from huggingface_hub import _CACHED_NO_EXIST, try_to_load_from_cache

    found = try_to_load_from_cache(repository, name, revision=revision)
    return found is _CACHED_NO_EXIST


def fetch_hub_file(
    repository: str, names: Sequence[str], revision: str | None, place: Path, needed: str
) -> Path:
    """Download a file of a repository. The hub's library resumes and verifies the download.

    Args:
        repository: Hub id.
        names: Names of the file, the preferred one first.
        revision: Commit, tag or branch. None: the main branch.
        place: A folder in which the package also looks for files of the repository, for errors.
        needed: All files that are needed in that folder, in words, for errors.

    Returns:
        The first file that the repository has.

    Raises:
        NotInRepositoryError: The repository has none of these files.
        NotOnHubError: The hub has no such repository or revision.
        WeightsError: The hub cannot be reached.
    """
    # The import takes half a second, and most models need no download.
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    source, target = (
        f"{needed} from {constants.ENDPOINT}/{repository}",
        f"put all of it into {place}/",
    )
    by_hand = f"download {source} by hand and {target}"
    unreachable = WeightsError(
        f"{repository}: the Hugging Face hub cannot be reached; download {source} on another "
        f"machine and {target}"
    )
    if not constants.HF_HUB_OFFLINE and not _answers(constants.ENDPOINT):
        raise unreachable
    for name in names:
        try:
            return Path(hf_hub_download(repository, name, revision=revision))
        except LocalEntryNotFoundError as error:
            raise unreachable from error
        except (RevisionNotFoundError, RepositoryNotFoundError) as error:
            raise _refusal(repository, revision, name, error, by_hand) from error
        except EntryNotFoundError:
            continue
        except Exception as error:  # errors of the libraries below, including a full disk
            raise _refusal(repository, revision, name, error, by_hand) from error
    raise NotInRepositoryError(
        f"{repository}: the hub has none of {', '.join(names)} in this repository"
    )


def _refusal(
    repository: str, revision: str | None, name: str, error: Exception, by_hand: str
) -> WeightsError:
    """The error for a file that the hub's library cannot download.

    by_hand: what a user can do instead, in words.
    """
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(error, HFValidationError):
        return WeightsError(f"{repository}: not an id of the Hugging Face hub ({first})")
    if isinstance(error, RevisionNotFoundError):
        return NotOnHubError(
            f"{repository}: the hub has no revision '{revision}' of this repository"
        )
    if isinstance(error, RepositoryNotFoundError):
        return NotOnHubError(
            f"{repository}: the hub has no such repository, or it is gated: accept its terms on "
            "the hub and run hf auth login"
        )
    if isinstance(error, HfHubHTTPError):
        return WeightsError(
            f"{repository}: the hub does not return its file {name} ({first}); {by_hand}"
        )
    return WeightsError(f"{repository}: {name} cannot be downloaded ({first}); {by_hand}")


def _answers(url: str) -> bool:
    """Whether the server responds. The library would try for half a minute."""
    try:
        urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=10).close()
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError, http.client.HTTPException) as error:
        # The library handles certificates; it has its own.
        return isinstance(getattr(error, "reason", None), ssl.SSLError)
    return True
