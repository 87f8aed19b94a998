"""`union-square up` with a certificate."""

import ssl
from pathlib import Path

import httpx

from tests.support.certificates import make_certificates
from tests.support.product import running_product, upstream_in_a_thread
from tests.support.upstream import response


def test_everything_starts_and_the_address_it_prints_is_https(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path, names="DNS:proxy.test,IP:127.0.0.1")
    environment = {
        "UNION_SQUARE_TLS_CERTIFICATE": str(certificates.certificate),
        "UNION_SQUARE_TLS_KEY": str(certificates.key),
    }
    trusted = ssl.create_default_context(cafile=str(certificates.ca_file))
    with upstream_in_a_thread([[response(b'{"ok": true}')]]) as upstream:
        home, names = tmp_path / "home", {"openai": upstream.base_url}
        with running_product(home, names, arguments=["--no-ui"], environment=environment) as product:
            said = product.said("proxy")
            url = f"https://127.0.0.1:{said['port']}"
            assert said["scheme"] == "https"
            assert url in product.words()
            answer = httpx.get(f"{url}/openai/v1/models", verify=trusted, trust_env=False)
            assert answer.json() == {"ok": True}
