"""What Prometheus reads, and who else may."""

import http.client
import re

from prometheus_client.parser import text_string_to_metric_families

from ..sdk.servers import HOST
from .client import ask, body_for
from .conftest import Start


def get(port: int, headers: dict[str, str] | None = None) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", "/metrics", headers=headers or {})
        response = connection.getresponse()
        return response.status, response.getheader("content-type") or "", response.read().decode()
    finally:
        connection.close()


def samples(text: str) -> dict[str, float]:
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_requests_tokens_and_times_are_counted(start: Start) -> None:
    proxy = start(sections='[[prices]]\nmodel = "echo"\ninput = 1.0\noutput = 10.0\n')
    ask(proxy.port, "openai_chat", body_for("chat/echo", stream=True))
    ask(proxy.port, "anthropic", body_for("chat/echo"))
    ask(proxy.port, "openai_chat", body_for("chat/error-400"))
    status, content_type, text = get(proxy.port)
    assert status == 200
    assert content_type.startswith("text/plain")
    found = samples(text)
    ok = "error_type=,model=echo,protocol={},status_class=2xx,stream={},upstream=chat"
    assert found[f"fastproxy_requests_total{{{ok.format('openai_chat', 'true')}}}"] == 1
    assert found[f"fastproxy_requests_total{{{ok.format('anthropic', 'false')}}}"] == 1
    assert found["fastproxy_upstream_attempts_total{status=completed,upstream=chat}"] == 2
    assert found["fastproxy_upstream_attempts_total{status=failed,upstream=chat}"] == 1
    assert found["fastproxy_tokens_total{direction=output,model=echo,origin=upstream}"] > 0
    assert found["fastproxy_cost_usd_total{model=echo,upstream=chat}"] > 0
    assert found["fastproxy_request_duration_seconds_count{model=echo,protocol=openai_chat,upstream=chat}"] == 1
    assert found["fastproxy_time_to_first_chunk_seconds_count{model=echo,protocol=openai_chat,upstream=chat}"] == 1
    assert found["fastproxy_store_up{}"] == 1
    assert found["fastproxy_usage_rows_refused{}"] == 0
    assert found["fastproxy_in_flight_requests{}"] == 0
    assert found["fastproxy_account_in_flight{account=a,upstream=chat}"] == 0
    assert found["fastproxy_account_state{account=a,state=ready,upstream=chat}"] == 1
    assert found["fastproxy_account_state{account=a,state=cooling,upstream=chat}"] == 0
    assert found["fastproxy_queue_length{upstream=messages}"] == 0


def test_nothing_of_a_client_is_a_label(start: Start) -> None:
    proxy = start(sections="[metrics]\nlabels = 3\n")
    for number in range(10):
        ask(
            proxy.port,
            "openai_chat",
            body_for(f"chat/canary-{number}"),
            headers={"x-request-id": f"canary-id-{number}"},
        )
    text = get(proxy.port)[2]
    assert "canary-id" not in text
    assert len(set(re.findall(r'model="(canary-\d+)"', text))) <= 3
    assert 'model="other"' in text


def test_openmetrics_when_asked_for(start: Start) -> None:
    status, content_type, text = get(start().port, {"accept": "application/openmetrics-text; version=1.0.0"})
    assert (status, text.endswith("# EOF\n")) == (200, True)
    assert content_type.startswith("application/openmetrics-text")


def test_a_reverse_proxy_is_not_this_machine(start: Start) -> None:
    port = start().port
    for header in ("x-forwarded-for", "forwarded", "via", "x-real-ip"):
        assert get(port, {header: "203.0.113.7"})[0] == 404


def test_a_token_opens_them(start: Start) -> None:
    port = start(sections='[metrics]\nserve = "token"\ntoken = "sk-test-metrics-token-01"\n').port
    assert get(port)[0] == 404
    assert get(port, {"authorization": "Bearer sk-test-wrong"})[0] == 404
    assert get(port, {"authorization": "Bearer sk-test-metrics-token-01", "x-forwarded-for": "203.0.113.7"})[0] == 200


def test_off_is_off(start: Start) -> None:
    assert get(start(sections='[metrics]\nserve = "off"\n').port)[0] == 404
