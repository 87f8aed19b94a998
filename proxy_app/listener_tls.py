"""TLS for the clients' side: some SDKs speak nothing else (boto3 with a bearer key, google-genai's Live client)."""

import ssl
from pathlib import Path


class CertificateError(ValueError):
    """A certificate that cannot be served. The message says which file and why."""


def server_context(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """What the listener is given: None where no certificate is set. Reads both files. Raises CertificateError.

    `certificate` holds the chain in PEM, its own first; `key` may be None where the same file holds the key."""
    if certificate is None:
        return None
    for file, setting in ((certificate, "tls_certificate"), (key, "tls_key")):
        if file is not None and not file.is_file():
            raise CertificateError(f"{setting}: there is no file {file} (UNION_SQUARE_{setting.upper()})")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ssl.SSLError, CertificateError) as error:
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise CertificateError(
            f"tls_certificate, tls_key: {certificate} and {key or 'the key in it'} cannot be served: {why}. Needed "
            "are a certificate in PEM and the key that belongs to it, without a password"
        ) from error
    context.set_alpn_protocols(["http/1.1"])  # HTTP/2 is not spoken here; clients that offer it must not get it
    return context


def _no_password() -> str:
    """Asked for by the TLS library where a key is locked; it would else ask on the terminal and wait."""
    raise CertificateError("the key is locked with a password")
