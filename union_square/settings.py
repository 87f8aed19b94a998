"""Settings: read once at a start, frozen, handed down. Only entry points import this module.

Sources, later wins: the defaults here, `union-square.toml` (in the working directory, else in the data folder), then
`UNION_SQUARE_*` in the environment, where `__` goes one level down: `UNION_SQUARE_UPSTREAMS__MYLAB__BASE_URL`.
"""

import getpass
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from union_square.domain.redaction_rules import parse_rules
from union_square.wire.prices import Price, Prices

FILE_NAME = "union-square.toml"
MIN_TOKEN = 16
_DATABASES = ("sqlite:///", "postgresql://", "postgresql+psycopg://")


class SettingsError(Exception):
    """A setting is wrong. The message names it, says why and what to do; it is meant for the user as it is."""


def _checked_base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be like https://api.example.com or http://127.0.0.1:8000/prefix")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must hold no user, password, query or fragment")
    return url.rstrip("/")


def _checked_variable(name: str) -> str:
    if name and not re.fullmatch("[A-Z_][A-Z0-9_]*", name):
        # Not shown: somebody may have put the key itself here.
        raise ValueError("must be the name of an environment variable, like MY_LAB_API_KEY, not a key")
    return name


class Upstream(BaseModel):
    """A named provider endpoint that the proxy may forward to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: Annotated[str, AfterValidator(_checked_base_url)] = ""
    """May be left out for an upstream that is known."""
    ca_file: Path | None = None
    """Certificates (PEM) to trust for this upstream instead of the machine's own."""
    resign: Literal["", "aws"] = ""
    """"aws": what clients signed (SigV4) is signed again, with the AWS credentials of the proxy's machine."""
    key_variable: Annotated[str, AfterValidator(_checked_variable)] = ""
    """The environment variable that holds the key by which calls are sent again; empty: `<NAME>_API_KEY`, or the one
    that the provider's own tools read."""


def default_upstreams(environ: dict[str, str] | None = None) -> dict[str, Upstream]:
    """The upstreams that work with no configuration. Region and resource come from the providers' own variables."""
    env = os.environ if environ is None else environ
    region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or "us-east-1"
    location = env.get("GOOGLE_CLOUD_LOCATION", "global")
    urls = {
        "openai": "https://api.openai.com",
        "anthropic": "https://api.anthropic.com",
        "gemini": "https://generativelanguage.googleapis.com",
        "vertex-ai": f"https://{'' if location == 'global' else location + '-'}aiplatform.googleapis.com",
        "bedrock": f"https://bedrock-runtime.{region}.amazonaws.com",
        "azure-openai": env.get("AZURE_OPENAI_ENDPOINT", "https://set-azure-openai-endpoint.openai.azure.com"),
        "mistral": "https://api.mistral.ai",
        "groq": "https://api.groq.com",
        "deepseek": "https://api.deepseek.com",
        "openrouter": "https://openrouter.ai",
        "xai": "https://api.x.ai",
        "cohere": "https://api.cohere.com",
        "together": "https://api.together.xyz",
        "fireworks": "https://api.fireworks.ai",
        "perplexity": "https://api.perplexity.ai",
        "ollama": "http://127.0.0.1:11434",
    }
    return {name: Upstream(base_url=url) for name, url in urls.items()}


def default_home() -> Path:
    return Path(platformdirs.user_data_dir("union-square", appauthor=False))


Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ModelPrice(BaseModel):
    """What a model costs, in US dollars for a million tokens; goes before the list prices."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(min_length=1)
    """Its name as the provider or the application writes it; `*` stands for anything."""
    upstream: str = ""
    """The upstream it holds for; empty: any."""
    input: Dollars
    output: Dollars = 0
    cache_read: Dollars | None = None
    """For input read from the provider's cache, and written into it; left out: what input costs."""
    cache_write: Dollars | None = None

    def as_price(self) -> Price:
        return Price(
            model=self.model,
            upstream=self.upstream.lower(),
            input=self.input,
            output=self.output,
            cache_read=self.cache_read,
            cache_write=self.cache_write,
        )


def default_author() -> str:
    """Who is logged in on this machine; "me" where it does not say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "me"


class Settings(BaseSettings):
    """Everything a user may set. Units stand in the names."""

    model_config = SettingsConfigDict(
        env_prefix="UNION_SQUARE_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    home: Path = Field(default_factory=default_home)
    """The data folder: event log, SQLite database, key of the fingerprints."""
    database_url: str = ""
    """SQLAlchemy URL (`sqlite:///…` or `postgresql://…`); empty: SQLite in the data folder."""
    host: str = "127.0.0.1"
    proxy_port: int = Field(default=8787, ge=0, le=65535)
    ui_port: int = Field(default=8788, ge=0, le=65535)
    upstreams: dict[str, Upstream] = Field(default_factory=dict[str, Upstream])
    """More upstreams, or other addresses for the default ones; see `all_upstreams`."""
    prices: tuple[ModelPrice, ...] = ()
    """Your own prices, the first that fits counts; in the environment as JSON."""
    workers: int = Field(default=1, ge=1, le=64)
    """Processes of the proxy; each writes its own log."""
    record: bool = True
    connect_timeout_seconds: float = Field(default=10, gt=0)
    response_timeout_seconds: float = Field(default=600, gt=0)
    """The longest silence of an upstream, before its answer begins and between two pieces of it."""
    drain_timeout_seconds: float = Field(default=30, ge=0)
    """How long running calls may take to finish after a stop was asked for."""
    stream_bytes: int = Field(default=64 << 20, ge=1 << 16)
    """The most payload bytes waiting for the recorder; what does not fit becomes a gap."""
    flush_milliseconds: float = Field(default=5, gt=0, le=1000)
    """How often the recorder writes what has gathered."""
    segment_bytes: int = Field(default=32 << 20, ge=1 << 16)
    """When a segment of the event log is closed and the next begun."""
    max_head_bytes: int = Field(default=64 << 10, ge=1 << 10)
    """A request head larger than this is refused with 431."""
    tls_certificate: Path | None = None
    """PEM file of the certificate (chain) by which the proxy serves https and wss; None: it serves http and ws."""
    tls_key: Path | None = None
    """PEM file of the certificate's key, without a password; None: `tls_certificate` holds it too."""
    redact: tuple[str, ...] = ()
    """Detectors whose finds are not recorded: `email`, `card`, `phone`, `iban`, `tokens` (all of known services), or
    one of those by its name; see `domain/redaction_rules.py`."""
    redact_patterns: tuple[str, ...] = ()
    """Regular expressions (Python's, over bytes) whose finds are not recorded."""
    author: str = Field(default_factory=default_author, max_length=200)
    """Who tags and annotates, as long as a viewer has given no name of theirs in the browser."""
    allowed_hosts: tuple[str, ...] = ()
    """Host names, besides loopback and `host`, by which a browser may reach the UI."""
    ui_token: SecretStr = SecretStr("")
    """What the UI and its API ask for; `off`: nothing, whoever comes. Empty: where others than this machine can come
    (`host` or `allowed_hosts` name more than loopback), what stands in the data folder's `ui-token`, made once."""

    @model_validator(mode="after")
    def _names(self) -> Self:
        if self.database_url and not self.database.startswith(_DATABASES):  # its password is not to be shown
            raise ValueError("database_url: must begin with sqlite:/// or postgresql://")
        known = default_upstreams()
        for name, upstream in self.upstreams.items():
            if not upstream.base_url and name.lower() not in known:
                raise ValueError(f"upstreams.{name}: its base_url is missing")
            if not name or not all(c.isascii() and (c.isalnum() or c in "-_.") for c in name) or name == "-":
                raise ValueError(f"upstreams: {name!r} is not a name (letters, digits, '-', '_', '.')")
        for price in self.prices:
            if price.upstream and price.upstream.lower() not in known | self.upstreams:
                raise ValueError(f"prices: there is no upstream {price.upstream!r} (model {price.model!r})")
        if self.tls_key is not None and self.tls_certificate is None:
            raise ValueError("tls_key: there is no tls_certificate that it could belong to")
        parse_rules(self.redact, self.redact_patterns)
        token = self.ui_token.get_secret_value()
        if token not in {"", "off"} and (len(token) < MIN_TOKEN or not token.isascii() or not token.isprintable()):
            raise ValueError(f"ui_token: must be at least {MIN_TOKEN} printable ASCII characters, or `off`")
        return self

    @property
    def all_upstreams(self) -> dict[str, Upstream]:
        """The default upstreams with the configured ones laid over them, names in lower case."""
        known = default_upstreams()
        for name, upstream in self.upstreams.items():
            url = upstream.base_url or known[name.lower()].base_url
            known[name.lower()] = upstream.model_copy(update={"base_url": url})
        return known

    @property
    def key_variables(self) -> dict[str, str]:
        """By upstream, the environment variable that holds its key, where one is configured."""
        return {name: upstream.key_variable for name, upstream in self.all_upstreams.items() if upstream.key_variable}

    @property
    def own_prices(self) -> Prices:
        """In the form that reckons."""
        return tuple(price.as_price() for price in self.prices)

    @property
    def database(self) -> str:
        """The URL to open, driver included."""
        url = self.database_url or f"sqlite:///{self.home / 'union-square.db'}"
        for plain in ("postgresql://", "postgres://"):
            if url.startswith(plain):
                return "postgresql+psycopg://" + url.removeprefix(plain)
        return url

    @property
    def log_folder(self) -> Path:
        return self.home / "log"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        home = Path(os.environ.get("UNION_SQUARE_HOME") or default_home())
        found = next((f for f in (Path(FILE_NAME), home / FILE_NAME) if f.is_file()), None)
        toml = () if found is None else (TomlConfigSettingsSource(settings_cls, found),)
        return (init_settings, env_settings, *toml)


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process. `overrides` (from the command line) win. Raises SettingsError."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = (f"  {'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors())
        raise SettingsError("these settings are wrong:\n" + "\n".join(lines)) from error
    except (OSError, ValueError) as error:
        raise SettingsError(f"{FILE_NAME} could not be read: {error}") from error
