"""A linking service on the network: texts go out, entities come back, and nothing that comes back is taken on trust.

Two forms of service are understood. ``spotlight`` is that of DBpedia Spotlight, which one may run oneself; an entity's
types are its categories. ``tutti`` is the simplest that one can write: ``{"text": …}`` is posted as JSON, the answer is
``{"entities": [{"name": …, "start": …, "end": …, "categories": […]}]}``, places in characters of the text.

References:
    Mendes et al., "DBpedia Spotlight: shedding light on the web of documents", I-SEMANTICS 2011.
"""

from __future__ import annotations

import dataclasses
import hashlib
import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, get_args

from tutti.errors import ConfigError, LinkingError, ModelError, unknown_name
from tutti.files import write_text
from tutti.text.entities import CONFIG, Entity

FORMAT = 1
KIND = "tutti linking service"
BLOCK_BYTES = 1 << 16
PASSING = {408, 425, 429}  # answers that may be others a moment later, beside all from 500
Form = Literal["tutti", "spotlight"]
USER_AGENT = "tutti"


@dataclass(frozen=True, kw_only=True)
class ServiceConfig:
    """A service, and how long it is waited for.

    Attributes:
        address: Where texts are posted to, ``http://`` or ``https://``.
        form: Of its answers.
        confidence: Of ``spotlight``, 0 to 1: how sure it must be of an entity.
        timeout: Seconds until an answer must be complete.
        attempts: At most, for each text.
        first_pause: Seconds before the second attempt; each further pause is twice as long.
        most_bytes: Of an answer.
    """

    address: str
    form: Form = "tutti"
    confidence: float = 0.5
    timeout: float = 10.0
    attempts: int = 3
    first_pause: float = 0.5
    most_bytes: int = 4 << 20

    def __post_init__(self) -> None:
        parts = urllib.parse.urlsplit(self.address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError(
                f"{self.address!r} is no address of a service", hint="such as http://localhost:2222/rest/annotate"
            )
        if parts.username or parts.password:
            raise ConfigError(
                f"the address of the service at {parts.hostname} holds a password, which would be saved with the model",
                hint="let a proxy on this machine add it",
            )
        if self.form not in get_args(Form):
            raise unknown_name("form of linking service", self.form, get_args(Form))
        if self.attempts < 1 or self.timeout <= 0 or self.first_pause < 0 or self.most_bytes < 1:
            raise ConfigError(f"{self} makes no sense", hint="give at least one attempt and a timeout above 0 s")


class LinkingService:
    """An :class:`tutti.text.entities.EntityLinker` that asks a service; wrap it in a ``CachedLinker``.

    Attributes:
        config: Which, and how.
    """

    def __init__(self, config: ServiceConfig) -> None:
        self.config = config

    @property
    def fingerprint(self) -> str:
        """Changes with the address and what is asked; that the service itself changes cannot be seen."""
        parts = [self.config.address, self.config.form, self.config.confidence]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def link(self, text: str) -> list[Entity]:
        """What the service finds; of mentions that overlap, the first and longest.

        Raises:
            LinkingError: It does not answer in time, refuses, or answers nonsense.
        """
        for attempt in range(self.config.attempts):
            if attempt:
                time.sleep(self.config.first_pause * 2 ** (attempt - 1))
            try:
                answer = self._ask(text)
            except _PassingError as cause:
                reason = str(cause)
                continue
            return self._understood(answer, text)
        raise LinkingError(
            f"{self.config.address} was asked {self.config.attempts} times: {reason}",
            hint="see that the service runs; texts that it answered are kept",
        )

    def _ask(self, text: str) -> bytes:
        """One attempt: the bytes of an answer."""
        deadline = time.monotonic() + self.config.timeout
        try:
            with urllib.request.urlopen(self._request(text), timeout=self.config.timeout) as response:
                return self._whole(response, deadline)
        except urllib.error.HTTPError as cause:
            cause.close()
            if cause.code in PASSING or cause.code >= 500:
                raise _PassingError(f"it answered {cause.code} {cause.reason}") from None
            raise LinkingError(
                f"{self.config.address} answered {cause.code} {cause.reason}", hint="check the service's address"
            ) from None
        except LinkingError:
            raise
        except urllib.error.URLError as cause:
            raise _PassingError(str(cause.reason)) from None
        except TimeoutError:
            raise _PassingError(f"no answer within {self.config.timeout:g} s") from None
        except (http.client.HTTPException, OSError) as cause:
            raise _PassingError(str(cause) or type(cause).__name__) from None

    def _request(self, text: str) -> urllib.request.Request:
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"}
        if self.config.form == "spotlight":
            data = urllib.parse.urlencode({"text": text, "confidence": f"{self.config.confidence:g}"}).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
        else:
            data = json.dumps({"text": text}, ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json; charset=utf-8"
        return urllib.request.Request(self.config.address, data=data, headers=headers, method="POST")

    def _whole(self, response: http.client.HTTPResponse, deadline: float) -> bytes:
        """An answer of bounded size, in bounded time even where it comes drop by drop."""
        answer = bytearray()
        while block := response.read1(BLOCK_BYTES):
            answer += block
            if len(answer) > self.config.most_bytes:
                raise LinkingError(
                    f"{self.config.address} answered with more than {self.config.most_bytes:,} bytes",
                    hint="check the service's address",
                )
            if time.monotonic() > deadline:
                raise TimeoutError
        return bytes(answer)

    def _understood(self, answer: bytes, text: str) -> list[Entity]:
        try:
            found = FORMS[self.config.form](json.loads(answer), text)
            for one in found:
                _check(one, text)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as cause:
            raise LinkingError(
                f"{self.config.address} answered what is no list of entities: {str(cause) or type(cause).__name__}",
                hint=f"see that it is a service of the form {self.config.form!r}",
            ) from None
        return _apart(found)

    def save(self, folder: Path) -> None:
        """Write the configuration, atomically."""
        values = {"format": FORMAT, "kind": KIND, **dataclasses.asdict(self.config)}
        write_text(folder / CONFIG, json.dumps(values, indent=2) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The service of a configuration that was saved.

        Raises:
            ModelError: The file is missing or damaged.
        """
        path = folder / CONFIG
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            settings = {field.name: values[field.name] for field in dataclasses.fields(ServiceConfig)}
            return cls(ServiceConfig(**settings))
        except (OSError, ValueError, KeyError, TypeError) as cause:
            raise ModelError(f"{path} cannot be read: {cause}", hint="take the encoder anew") from None


class _PassingError(Exception):
    """Trouble that may be over a moment later."""


def _of_tutti(answer: Any, text: str) -> list[Entity]:
    found = []
    for one in answer["entities"]:
        if not isinstance(one["categories"], list):
            raise TypeError("categories are no list")
        found.append(Entity(name=one["name"], start=one["start"], end=one["end"], categories=tuple(one["categories"])))
    return found


def _of_spotlight(answer: Any, text: str) -> list[Entity]:
    """DBpedia's name of each mention, and its types without their vocabulary's prefix."""
    in_utf16 = text.encode("utf-16-le")
    found = []
    for one in answer.get("Resources", ()):
        # A program in Java counts in UTF-16.
        start = len(in_utf16[: 2 * int(one["@offset"])].decode("utf-16-le", "ignore"))
        name = urllib.parse.unquote(str(one["@URI"]).rpartition("/")[2]).replace("_", " ")
        types = [kind.partition(":")[2] for kind in one["@types"].split(",") if not kind.startswith("Wikidata:")]
        end = start + len(one["@surfaceForm"])
        if text[start:end] != one["@surfaceForm"]:
            raise ValueError(f"{one['@surfaceForm']!r} is not at {one['@offset']} in the text")
        found.append(Entity(name=name, start=start, end=end, categories=tuple(dict.fromkeys(filter(None, types)))))
    return found


FORMS: dict[str, Callable[[Any, str], list[Entity]]] = {"tutti": _of_tutti, "spotlight": _of_spotlight}


def _check(entity: Entity, text: str) -> None:
    if not isinstance(entity.name, str) or not all(isinstance(one, str) for one in entity.categories):
        raise TypeError("a name or category is no text")
    if type(entity.start) is not int or type(entity.end) is not int:
        raise TypeError("a place is no whole number")
    if not 0 <= entity.start < entity.end <= len(text):
        raise ValueError(f"characters {entity.start} to {entity.end} of a text of {len(text)}")


def _apart(entities: list[Entity]) -> list[Entity]:
    found: list[Entity] = []
    for one in sorted(entities, key=lambda entity: (entity.start, -entity.end)):
        if not found or one.start >= found[-1].end:
            found.append(one)
    return found
