"""Settings: where they come from, which wins, and what is said when one is wrong."""

from pathlib import Path

import pytest

from union_square.settings import SettingsError, load_settings


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UNION_SQUARE_HOME", str(tmp_path / "home"))
    for name in ("UNION_SQUARE_PROXY_PORT", "AWS_REGION", "AWS_DEFAULT_REGION", "UNION_SQUARE_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_the_defaults_listen_on_loopback_and_know_the_providers() -> None:
    settings = load_settings()
    assert (settings.host, settings.proxy_port, settings.ui_port) == ("127.0.0.1", 8787, 8788)
    names = "openai anthropic gemini vertex-ai bedrock azure-openai mistral groq deepseek openrouter xai cohere"
    names += " together fireworks perplexity ollama"
    assert set(settings.all_upstreams) == set(names.split())


def test_the_environment_wins_over_the_file_and_an_option_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "union-square.toml").write_text(
        'proxy_port = 1111\nui_port = 2222\n[upstreams.lab]\nbase_url="http://a"\n'
    )
    assert load_settings().proxy_port == 1111
    monkeypatch.setenv("UNION_SQUARE_PROXY_PORT", "3333")
    monkeypatch.setenv("UNION_SQUARE_UPSTREAMS__MYLAB__BASE_URL", "http://127.0.0.1:9/prefix/")
    settings = load_settings(ui_port=4444)
    assert (settings.proxy_port, settings.ui_port) == (3333, 4444)
    assert settings.all_upstreams["lab"].base_url == "http://a"
    assert settings.all_upstreams["mylab"].base_url == "http://127.0.0.1:9/prefix"


def test_a_file_in_the_data_folder_is_read_when_there_is_none_here(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "union-square.toml").write_text("workers = 3\n")
    assert load_settings().workers == 3


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("UNION_SQUARE_PROXY_PORT", "many", "proxy_port"),
        ("UNION_SQUARE_UPSTREAMS__LAB__BASE_URL", "ftp://x", "upstreams.lab.base_url"),
        ("UNION_SQUARE_UPSTREAMS__LAB__BASE_URL", "https://user:secret@x", "must hold no user"),
        ("UNION_SQUARE_UPSTREAMS__BEDROCK__RESIGN", "gcp", "upstreams.bedrock.resign"),
        ("UNION_SQUARE_DATABASE_URL", "mysql://user:secret@host/db", "database_url: must begin with sqlite"),
        ("UNION_SQUARE_UPSTREAMS__OPENAI__KEY_VARIABLE", "sk-a-key", "upstreams.openai.key_variable"),
        ("UNION_SQUARE_PRICES", "cheap", "prices"),
        ("UNION_SQUARE_PRICES", '[{"model": "m", "input": -1}]', "prices.0.input"),
        ("UNION_SQUARE_PRICES", '[{"model": "m"}]', "prices.0.input"),
        ("UNION_SQUARE_PRICES", '[{"model": "m", "input": 1, "reasoning": 1}]', "prices.0.reasoning"),
        ("UNION_SQUARE_PRICES", '[{"model": "m", "input": 1, "upstream": "x"}]', "there is no upstream 'x'"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=said) as raised:
        load_settings()
    assert "secret" not in str(raised.value)


def test_a_key_in_the_place_of_its_variables_name_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNION_SQUARE_UPSTREAMS__OPENAI__KEY_VARIABLE", "sk-a-key")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "sk-a-key" not in str(caught.value)
    monkeypatch.setenv("UNION_SQUARE_UPSTREAMS__OPENAI__KEY_VARIABLE", "TEAM_KEY")
    assert load_settings().key_variables == {"openai": "TEAM_KEY"}
    assert load_settings().all_upstreams["openai"].base_url == "https://api.openai.com"


def test_a_setting_nobody_knows_is_an_error_not_silence(tmp_path: Path) -> None:
    (tmp_path / "union-square.toml").write_text("proxy_prot = 1\n")
    with pytest.raises(SettingsError, match="proxy_prot"):
        load_settings()


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "union-square.toml").write_text("= no\n")
    with pytest.raises(SettingsError, match=r"union-square\.toml could not be read"):
        load_settings()


def test_a_postgresql_url_gets_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNION_SQUARE_DATABASE_URL", "postgresql://u@h/db")
    assert load_settings().database == "postgresql+psycopg://u@h/db"


def test_prices_of_ones_own_come_from_the_file_or_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "union-square.toml").write_text('[[prices]]\nmodel = "house-*"\nupstream = "OpenAI"\ninput = 1.5\n')
    (price,) = load_settings().own_prices
    assert (price.model, price.upstream, price.input, price.output, price.cache_read) == (
        "house-*",
        "openai",
        1.5,
        0,
        None,
    )
    monkeypatch.setenv("UNION_SQUARE_PRICES", '[{"model": "m", "input": 1, "output": 2, "cache_read": 0.1}]')
    (price,) = load_settings().own_prices
    assert (price.model, price.cache_read) == ("m", 0.1)


def test_an_upstream_that_is_known_needs_no_address_and_another_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNION_SQUARE_UPSTREAMS__BEDROCK__RESIGN", "aws")
    bedrock = load_settings().all_upstreams["bedrock"]
    assert (bedrock.base_url, bedrock.resign) == ("https://bedrock-runtime.us-east-1.amazonaws.com", "aws")
    monkeypatch.setenv("UNION_SQUARE_UPSTREAMS__LAB__RESIGN", "aws")
    with pytest.raises(SettingsError, match=r"upstreams\.lab: its base_url is missing"):
        load_settings()
