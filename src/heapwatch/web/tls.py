"""TLS of every door that speaks it: one context from the settings, whose certificate can be renewed.

TLS 1.2 and newer, ciphers as Python and OpenSSL choose them. With `tls_client_ca` clients show
certificates: `required` ends the handshake of whoever has none, `optional` refuses only wrong ones. A
certificate says which machine may connect, never who one is: tokens and users stay what they are.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Protocol

from heapwatch.errors import UsageError


class TlsSettings(Protocol):
    """The part of the server's settings that this needs."""

    @property
    def tls_cert(self) -> Path | None: ...
    @property
    def tls_key(self) -> Path | None: ...
    @property
    def tls_client_ca(self) -> Path | None: ...
    @property
    def tls_client(self) -> str: ...


def server_context(settings: TlsSettings) -> ssl.SSLContext | None:
    """The server's side of TLS, or None where no certificate is set; `UsageError` names the file at fault."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load_certificate(context, settings.tls_cert, settings.tls_key)
    if settings.tls_client_ca is not None:
        try:
            context.load_verify_locations(settings.tls_client_ca)
        except (OSError, ValueError) as error:
            raise UsageError(f"tls_client_ca {settings.tls_client_ca}: {_words(error)}") from error
        context.verify_mode = ssl.CERT_REQUIRED if settings.tls_client == "required" else ssl.CERT_OPTIONAL
    return context


def renew(context: ssl.SSLContext, settings: TlsSettings) -> None:
    """Read certificate and key again: for connections from now on. Files at fault change nothing.

    The authorities of clients stay as they were; those need a restart.
    """
    fresh = server_context(settings)
    if fresh is not None and settings.tls_cert is not None and settings.tls_key is not None:
        _load_certificate(context, settings.tls_cert, settings.tls_key)


def _load_certificate(context: ssl.SSLContext, cert: Path, key: Path) -> None:
    for name, path in (("tls_cert", cert), ("tls_key", key)):
        try:
            path.read_bytes()
        except OSError as error:
            raise UsageError(f"{name} {path}: {_words(error)}") from error
    try:
        # A password would be asked for on the terminal, and a service has none.
        context.load_cert_chain(cert, key, password=_no_password)
    except (OSError, ValueError) as error:
        raise UsageError(f"tls_cert {cert} with tls_key {key}: {_words(error)}") from error


def _no_password() -> str:
    raise ValueError("the key is encrypted; give one without a password, readable for the server only")


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return {
            "KEY_VALUES_MISMATCH": "the key belongs to another certificate",
            "NO_CERTIFICATE_OR_CRL_FOUND": "holds no certificate (PEM)",
        }.get(error.reason or "", f"is not PEM that OpenSSL reads ({error.reason or error})")
    return getattr(error, "strerror", None) or str(error)
