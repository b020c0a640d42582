"""The agent's side of TLS: whom it trusts, what it shows, and what a failed handshake means in words.

Loaded only where an address begins with https://; OpenSSL takes 6 MB.
"""

from __future__ import annotations

import http.client
import ssl
from pathlib import Path

from heapwatch.ship import NotLetIn


def client_context(ca_file: Path | None, cert: Path | None, key: Path | None) -> ssl.SSLContext:
    """Verifies the server always; `NotLetIn` names a file that cannot be read."""
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ValueError) as error:
        raise NotLetIn(f"ca_file {ca_file}: {_file_fault(error)}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if key is not None and cert is None:
        raise NotLetIn(f"client_key {key} is of no use without client_cert")
    if cert is not None:
        try:
            context.load_cert_chain(cert, key, password=_no_password)
        except (OSError, ValueError) as error:
            which = f"client_cert {cert}" + (f" with client_key {key}" if key else "")
            raise NotLetIn(f"{which}: {_file_fault(error)}") from error
    return context


class Connection(http.client.HTTPConnection):
    """As http.client's own, which is missing there when `ssl` could not be imported at first."""

    default_port = 443

    def __init__(self, host: str, port: int, *, timeout: float, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=timeout)
        self._context = context

    def connect(self) -> None:
        super().connect()
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)


def words(error: Exception, *, shows_certificate: bool) -> str:
    """What to do about a handshake that failed; "" when the error says nothing about TLS."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}{_remedy(error.verify_code)}"
    if isinstance(error, (ssl.SSLEOFError, ConnectionResetError, BrokenPipeError)):
        return f"closed the connection{_refused(shows_certificate)}"
    if not isinstance(error, ssl.SSLError):
        return ""
    reason = (error.reason or "").upper()
    if "CERTIFICATE_REQUIRED" in reason:
        return "wants a client certificate: set client_cert and client_key"
    if "ALERT" in reason and ("UNKNOWN_CA" in reason or "CERTIFICATE" in reason or "DECRYPT" in reason):
        return f"does not accept our client certificate ({_plain(reason)})"
    if reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"):
        return "does not speak TLS there; its address may begin with http://"
    if "HANDSHAKE_FAILURE" in reason:  # what TLS 1.2 says when the certificate is missing
        return f"ended the handshake{_refused(shows_certificate)}"
    return f"TLS failed ({_plain(reason) or error})"


_ISSUER_UNKNOWN = (18, 19, 20, 21)


def _remedy(code: int) -> str:
    if code in _ISSUER_UNKNOWN:
        return "; name the authority that issued it with ca_file"
    return ""


def _refused(shows_certificate: bool) -> str:
    if shows_certificate:
        return "; it may not accept our client certificate"
    return "; if it wants a client certificate, set client_cert and client_key"


def _plain(reason: str) -> str:
    return reason.replace("SSLV3_", "").replace("TLSV1_", "").replace("TLSV13_", "").replace("_", " ").lower()


def _no_password() -> str:
    raise ValueError("the key is encrypted; give one without a password, readable for the agent only")


def _file_fault(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        if error.reason == "KEY_VALUES_MISMATCH":
            return "the key belongs to another certificate"
        return f"is not PEM that OpenSSL reads ({error.reason or error})"
    return getattr(error, "strerror", None) or str(error)
