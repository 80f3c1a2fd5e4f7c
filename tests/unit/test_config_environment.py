"""Without a file: upstreams and routes from variables, always the same ones, and said in sentences."""

from fastproxy.config import Config, Loaded, Source

KEY = "sk-test-key"


def load(**environ: str) -> Loaded:
    return Source(None, environ).load()


def routes(config: Config) -> list[tuple[str, str]]:
    return [(model.name, model.targets[0].upstream) for model in config.models]


def test_one_key_makes_one_upstream_that_takes_every_model() -> None:
    loaded = load(OPENAI_API_KEY=KEY)
    config = loaded.require()
    (upstream,) = config.upstreams
    assert (upstream.name, upstream.base_url, upstream.dialect) == (
        "openai",
        "https://api.openai.com/v1",
        "openai_chat",
    )
    assert upstream.accounts[0].key is not None
    assert upstream.accounts[0].key.reveal() == KEY
    assert routes(config) == [("*", "openai")]
    assert config.models[0].targets[0].model is None
    assert loaded.sentences == (
        "openai: OpenAI at https://api.openai.com/v1, key from OPENAI_API_KEY.",
        "Every model goes to openai under the name that the client asks for.",
    )


def test_address_variable_moves_the_upstream() -> None:
    config = load(OPENAI_API_KEY=KEY, OPENAI_BASE_URL="http://127.0.0.1:9100/v1").require()
    (upstream,) = config.upstreams
    assert (upstream.name, upstream.base_url) == ("openai", "http://127.0.0.1:9100/v1")
    # Another host is another vendor: neither its quirks nor its opaque state are OpenAI's.
    assert (upstream.origin, upstream.profile.replay_reasoning) == ("openai", "if_issued")
    assert upstream.preset is None
    anthropic = load(ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL="http://127.0.0.1:9200").require().upstreams[0]
    assert (anthropic.base_url, anthropic.dialect, anthropic.auth) == (
        "http://127.0.0.1:9200",
        "anthropic",
        "x-api-key",
    )


def test_address_without_a_key_is_an_upstream_without_a_key() -> None:
    loaded = load(OPENAI_BASE_URL="http://127.0.0.1:9100/v1")
    assert loaded.require().upstreams[0].accounts[0].key is None
    assert "without a key" in loaded.sentences[0]


def test_several_upstreams_are_routed_by_vendors_names_in_a_fixed_order() -> None:
    environ = {"XAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY, "OPENAI_API_KEY": KEY, "GROQ_API_KEY": KEY}
    loaded = load(**environ)
    config = loaded.require()
    assert [upstream.name for upstream in config.upstreams] == ["openai", "anthropic", "xai", "groq"]
    assert routes(config) == [("claude-*", "anthropic"), ("grok-*", "xai"), ("*", "openai")]
    assert "Every other model goes to openai under the name that the client asks for." in loaded.sentences
    assert loaded.sentences[-1].endswith("openai/…, anthropic/…, xai/…, groq/…")
    reordered = load(**dict(reversed(environ.items())))
    assert (reordered.config, reordered.sentences) == (config, loaded.sentences)


def test_first_upstream_takes_the_rest_whichever_it_is() -> None:
    config = load(ANTHROPIC_API_KEY=KEY, DEEPSEEK_API_KEY=KEY).require()
    assert routes(config) == [("deepseek-*", "deepseek"), ("*", "anthropic")]


def test_every_promised_variable_is_understood() -> None:
    hosted = {
        "OPENAI_API_KEY": "openai", "ANTHROPIC_API_KEY": "anthropic", "ANTHROPIC_AUTH_TOKEN": "anthropic",
        "DEEPSEEK_API_KEY": "deepseek", "OPENROUTER_API_KEY": "openrouter", "GROQ_API_KEY": "groq",
        "MISTRAL_API_KEY": "mistral", "XAI_API_KEY": "xai", "TOGETHER_API_KEY": "together",
        "FIREWORKS_API_KEY": "fireworks", "HF_TOKEN": "huggingface",
    }  # fmt: skip
    for variable, name in hosted.items():
        assert [upstream.name for upstream in load(**{variable: KEY}).require().upstreams] == [name]


def test_bearer_token_of_claude_code() -> None:
    config = load(ANTHROPIC_AUTH_TOKEN=KEY).require()
    assert config.upstreams[0].auth == "bearer"


def test_ollama_host_in_all_its_forms() -> None:
    forms = {
        "127.0.0.1": "http://127.0.0.1:11434/v1",
        "0.0.0.0": "http://127.0.0.1:11434/v1",
        "0.0.0.0:1234": "http://127.0.0.1:1234/v1",
        "box.lan:1234": "http://box.lan:1234/v1",
        "[::1]:1234": "http://[::1]:1234/v1",
        "http://box.lan": "http://box.lan:11434/v1",
        "http://box.lan:80/": "http://box.lan:80/v1",
        "https://ollama.example/v1/": "https://ollama.example/v1",
    }
    for text, base_url in forms.items():
        (upstream,) = load(OLLAMA_HOST=text).require().upstreams
        assert (upstream.name, upstream.base_url, upstream.preset) == ("ollama", base_url, "ollama")
        assert upstream.accounts[0].key is None


def test_azure_endpoint_gets_the_path_of_its_v1_api() -> None:
    endpoint = "https://res.openai.azure.com/"
    (upstream,) = load(AZURE_OPENAI_API_KEY="k-test", AZURE_OPENAI_ENDPOINT=endpoint).require().upstreams
    assert (upstream.base_url, upstream.auth) == ("https://res.openai.azure.com/openai/v1", "api-key")
    assert load(AZURE_OPENAI_API_KEY="k-test").config is None


def test_variables_that_point_at_ourselves_are_for_our_clients() -> None:
    loaded = load(
        OPENAI_API_KEY=KEY, OPENAI_BASE_URL="http://localhost:8080/v1", ANTHROPIC_BASE_URL="http://127.0.0.1:8080"
    )
    (upstream,) = loaded.require().upstreams
    assert upstream.base_url == "https://api.openai.com/v1"
    assert "OPENAI_BASE_URL points at this proxy itself (meant for its clients) and was ignored." in loaded.sentences
    moved = load(OPENAI_BASE_URL="http://127.0.0.1:8080/v1", FASTPROXY_SERVER__LISTEN="127.0.0.1:9")
    assert moved.require().upstreams[0].base_url == "http://127.0.0.1:8080/v1"


def test_empty_and_unusable_variables_count_as_not_set() -> None:
    assert [problem.path for problem in load(OPENAI_API_KEY="", ANTHROPIC_API_KEY="  ").errors] == ["upstreams"]
    loaded = load(OPENAI_API_KEY=KEY, OPENAI_BASE_URL="not a url")
    assert loaded.require().upstreams[0].base_url == "https://api.openai.com/v1"
    assert "OPENAI_BASE_URL is not usable as an address and was ignored." in loaded.sentences


def test_our_own_variables_lie_over_what_was_found() -> None:
    config = load(OPENAI_API_KEY=KEY, FASTPROXY_UPSTREAMS__OPENAI__MAX_COOLDOWN="5").require()
    assert config.upstreams[0].max_cooldown == 5


def test_upstreams_from_our_own_variables_replace_what_would_be_found() -> None:
    loaded = load(
        OPENAI_API_KEY=KEY,
        FASTPROXY_UPSTREAMS__0__NAME="mine",
        FASTPROXY_UPSTREAMS__0__PRESET="deepseek",
        DEEPSEEK_API_KEY=KEY,
    )
    assert [upstream.name for upstream in loaded.require().upstreams] == ["mine"]
    assert loaded.sentences == ()


def test_no_sentence_and_no_problem_tells_a_key() -> None:
    canary = "sk-test-canary-value"
    loaded = load(OPENAI_API_KEY=canary, ANTHROPIC_AUTH_TOKEN=canary, OPENAI_BASE_URL=f"http://u:{canary}@127.0.0.1/v1")
    assert canary not in " ".join([*loaded.sentences, *map(str, loaded.problems), repr(loaded)])


def test_a_variable_with_a_line_end_is_a_mistake() -> None:
    (problem,) = load(OPENAI_API_KEY="sk-test\r\nx-evil: 1").errors
    assert "no HTTP header can carry" in problem.message
    assert "x-evil" not in problem.message
