"""`union-square up` where others can come: the address it prints lets in, nothing else does."""

import ssl
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.support.certificates import make_certificates
from tests.support.product import running_product


def test_on_every_interface_the_ui_asks_for_the_token_it_prints_and_speaks_tls(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path, names="DNS:proxy.test,IP:127.0.0.1")
    environment = {
        "UNION_SQUARE_HOST": "0.0.0.0",
        "UNION_SQUARE_TLS_CERTIFICATE": str(certificates.certificate),
        "UNION_SQUARE_TLS_KEY": str(certificates.key),
    }
    trusted = ssl.create_default_context(cafile=str(certificates.ca_file))
    with running_product(tmp_path / "home", environment=environment) as product:
        url = f"https://127.0.0.1:{product.port('ui')}"
        token = (tmp_path / "home" / "ui-token").read_text().strip()
        assert f"{url}/?token={token}" in product.words()
        with httpx.Client(base_url=url, verify=trusted, trust_env=False) as client:
            for path in ("/", "/sessions", "/api/v1/calls", "/api/v1/live", "/api/v1/openapi.json", "/assets/x.js"):
                assert client.get(path).status_code == 401, path
            assert client.get("/api/v1/calls", headers={"authorization": f"Bearer {token}"}).json()["items"] == []
            with pytest.raises(InvalidStatus) as refused:
                connect(f"wss{url[5:]}/_event/?EIO=4&transport=websocket", ssl=trusted, proxy=None)
            assert refused.value.response.status_code == 401
            let_in = client.get(f"/?token={token}")
            assert "Secure" in let_in.headers["set-cookie"]
            assert client.get("/", headers={"accept": "text/html"}).status_code == 200
        settings = httpx.get(f"https://127.0.0.1:{product.port('proxy')}/-/settings", verify=trusted, trust_env=False)
        assert token not in settings.text
