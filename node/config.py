"""Settings: how this process runs. Read once, frozen; the program never writes a settings file back.

Order of precedence: command line, environment (`LIENTUYEN_…`, nested names joined by `__`), `node.toml`, defaults.
A misspelt key is an error. What the node knows of the world (facilities, peers, routes, users) is not here: see the registry.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from node.errors import Invalid

_PREFIX = "LIENTUYEN_"

AeTitle = Annotated[
    str, StringConstraints(pattern=r"^[!-\[\]-~]([ -\[\]-~]{0,14}[!-\[\]-~])?$")
]  # PS3.5 6.2, not padded


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NodeSettings(_Part):
    facility: str = Field("", description="Code of the facility that this node serves; must be in the registry.")
    organization: str = Field("", description="Name printed on reports; empty: the facility's name in the registry.")
    language: Literal["vi", "en"] = Field("vi", description="Language of pages and messages unless a user chooses.")
    directory: Path = Field(Path(), description="Folder of the spool, the quarantine and the secrets.")
    certificate_warning_days: int = Field(30, ge=0, description="A certificate that ends within them is warned of.")
    certificate_urgent_days: int = Field(7, ge=0, description="The same, as an error.")


class LedgerSettings(_Part):
    url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the node's folder.")


class StorageSettings(_Part):
    url: str = Field("", description="file:///folder of the objects; empty: `objects` in the node's folder.")
    min_free_mb: int = Field(2048, ge=0, description="Free-space watermark in MB: below it storing is refused (A700).")


class WorkersSettings(_Part):
    url: str = Field("local://", pattern=r"^local://$", description="Who runs jobs; only local:// so far.")
    threads: int = Field(4, ge=1, le=64, description="Threads that claim jobs.")
    processes: int = Field(0, ge=0, le=64, description="Processes for pixels and headers; 0: one per core.")
    lease_seconds: float = Field(60.0, gt=0, description="How long a claimed job stays with a silent worker.")


class DicomSettings(_Part):
    host: str = Field("0.0.0.0", description="Address to listen on.")  # noqa: S104
    port: int = Field(11112, ge=0, le=65535, description="TCP port; 0 picks a free one.")
    ae_title: str = Field("LIENTUYEN", min_length=1, max_length=16, description="This node's AE title.")
    more_ae_titles: tuple[AeTitle, ...] = Field((), description="More AE titles that it answers to.")
    any_called_ae: bool = Field(False, description="Takes associations called by any AE title; for demonstrations.")
    max_associations: int = Field(64, ge=1, description="Associations at the same time.")
    idle_seconds: float = Field(60.0, gt=0, description="A silent association is aborted after this time.")
    commitment_hours: float = Field(
        6.0,
        gt=0,
        le=24,
        description="A destination that has not reported on its storage commitment is asked again after this.",
    )
    max_object_mb: int = Field(4096, ge=1, description="Largest object taken, in MB.")
    tls_port: int = Field(0, ge=0, le=65535, description="TCP port for DICOM by TLS, 2762 by custom; 0: none.")
    tls_certificate: Path | None = Field(None, description="PEM file of our certificate chain, also shown to peers.")
    tls_key: Path | None = Field(None, description="PEM file of its private key, without a password, mode 600.")
    tls_client_ca: Path | None = Field(None, description="PEM file of the authorities of DICOM peers' certificates.")
    tls_client_certificates: Literal["require", "optional"] = Field(
        "require", description="Whether who calls by TLS must show a certificate."
    )


class WebSettings(_Part):
    host: str = Field("127.0.0.1", description="Address to listen on; not loopback requires a certificate.")
    port: int = Field(8040, ge=0, le=65535, description="TCP port; 0 picks a free one.")
    tls_certificate: Path | None = Field(None, description="PEM file of the certificate chain.")
    tls_key: Path | None = Field(None, description="PEM file of the private key.")
    session_hours: float = Field(12.0, gt=0, description="A login ends after this time without use.")


class ReadingSettings(_Part):
    lease_minutes: float = Field(30.0, gt=0, description="A claimed study returns to the list after this time unused.")
    edit_minutes: float = Field(
        10.0, ge=0, description="So long after signing the signer may correct; then there are only addenda."
    )
    templates: Path | None = Field(None, description="Folder of the site's own report templates (JSON files).")
    diagnostic_use: bool = Field(
        False, description="Images may be used for primary diagnosis here: the viewer no longer says that they may not."
    )
    registration: str = Field(
        "", max_length=200, description="Registration as a medical device, shown in the viewer then."
    )
    silence_seconds: float = Field(
        120.0, ge=30, description="The same when the reader's page is closed or its line is gone for this time."
    )
    emergency_minutes: float = Field(
        30.0, gt=0, description="An emergency is to be read within this of its last image."
    )
    urgent_minutes: float = Field(60.0, gt=0, description="The same for an urgent study.")
    routine_minutes: float = Field(1440.0, gt=0, description="The same for a routine study.")
    critical_minutes: float = Field(
        15.0,
        gt=0,
        description="Somebody at the origin is to have taken note of a critical finding of category 1 within this.",
    )
    critical_hours: float = Field(4.0, gt=0, description="The same for category 2.")
    critical_days: float = Field(3.0, gt=0, description="The same for category 3.")
    verification_minutes: float = Field(
        720.0, gt=0, description="A preliminary report is to be verified by a senior within this."
    )


class NotifySettings(_Part):
    webhook_url: str = Field(
        "",
        pattern=r"^(https?://.+)?$",
        description="Where the hospital's own systems hear of events, by POST; empty: nowhere.",
    )
    webhook_secret_file: Path | None = Field(
        None, description="File of the secret by which the calls are signed (HMAC-SHA256)."
    )


class DisplaySettings(_Part):
    cache_mb: int = Field(
        4096, ge=64, description="Room in MB for frames that were coded anew for the viewer; the oldest go first."
    )


class Settings(BaseSettings):
    """All settings of a node."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=_PREFIX,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    node: NodeSettings = NodeSettings()
    ledger: LedgerSettings = LedgerSettings()
    storage: StorageSettings = StorageSettings()
    workers: WorkersSettings = WorkersSettings()
    dicom: DicomSettings = DicomSettings()
    web: WebSettings = WebSettings()
    reading: ReadingSettings = ReadingSettings()
    notify: NotifySettings = NotifySettings()
    display: DisplaySettings = DisplaySettings()

    @property
    def ledger_url(self) -> str:
        return self.ledger.url or f"sqlite:///{self.node.directory / 'ledger.db'}"

    @property
    def storage_url(self) -> str:
        return self.storage.url or f"file://{self.node.directory.resolve() / 'objects'}"


def load_settings(file: Path | None = None, **overrides: Any) -> Settings:
    """Reads `file` (TOML), the environment and `overrides` (nested dicts, strongest).

    A relative `node.directory` counts from the file's folder. Raises `Invalid` naming each wrong key and what is known.
    """

    class _WithFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            toml = TomlConfigSettingsSource(settings_cls, toml_file=file)
            return (init_settings, env_settings, toml)

    if file is not None and not file.is_file():
        raise Invalid(f"The settings file {file} does not exist.", hint="Create one with: lientuyen init FOLDER")
    _check_environment()
    try:
        settings = _WithFile(**overrides)
    except ValidationError as error:
        raise Invalid(
            _explain(error), hint=f"Mend it in {file or 'the environment'}; README.md lists all settings."
        ) from None
    except SettingsError as error:
        raise Invalid(f"The environment is wrong: {error}.", hint="Mend or remove that variable.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{file} is not valid TOML: {error}.", hint="Mend the line that it names.") from None
    directory = settings.node.directory
    if file is not None and not directory.is_absolute():
        directory = (file.parent / directory).resolve()
    part = settings.node.model_copy(update={"directory": directory.resolve()})
    return settings.model_copy(update={"node": part})


def _check_environment() -> None:
    """A misspelt section would be passed over in silence: the library looks only for the names that it knows."""
    for name in sorted(os.environ):
        section, nested, key = name.lower().removeprefix(_PREFIX.lower()).partition("__")
        if name.upper().startswith(_PREFIX) and nested and section not in Settings.model_fields:
            raise Invalid(
                f"Unknown setting '{section}.{key.replace('__', '.')}'; known here: {', '.join(sorted(Settings.model_fields))}.",
                hint=f"Mend or remove {name} in the environment.",
            )


def _explain(error: ValidationError) -> str:
    lines = []
    for item in error.errors():
        path = ".".join(str(p) for p in item["loc"])
        if item["type"] == "extra_forbidden":
            *parents, _ = [str(p) for p in item["loc"]]
            model: type[BaseModel] = Settings
            for parent in parents:
                annotation = model.model_fields[parent].annotation
                assert isinstance(annotation, type)
                model = annotation
            lines.append(f"Unknown setting '{path}'; known here: {', '.join(sorted(model.model_fields))}.")
        else:
            lines.append(f"Setting '{path}': {item['msg']}.")
    return " ".join(lines)
