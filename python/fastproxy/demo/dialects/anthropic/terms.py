"""Anthropic: under which terms a request is made: API version, beta features, family of the model."""

import re

import msgspec

from fastproxy.demo.errors import Kind, Refused
from fastproxy.demo.wire import HttpRequest

OLD_VERSION, NEW_VERSION = "2023-06-01", "2026-10-21"
BETA = re.compile(r"[a-z0-9-]+-\d{4}-?\d{2}-?\d{2}")
MID_SYSTEM_BETA = "mid-conversation-system-"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    betas: tuple[str, ...]

    @property
    def is_new(self) -> bool:
        return self.version == NEW_VERSION

    def has_beta(self, prefix: str) -> bool:
        return any(beta.startswith(prefix) for beta in self.betas)

    @property
    def allows_system_turns(self) -> bool:
        """Turns with role `system` belong to the new version; the old one takes them under a beta."""
        return self.is_new or self.has_beta(MID_SYSTEM_BETA)


def terms(request: HttpRequest) -> Terms:
    version = request.header("anthropic-version")
    if version is None:
        raise Refused(Kind.INVALID, "anthropic-version: header is required")
    if version not in (OLD_VERSION, NEW_VERSION):
        raise Refused(Kind.INVALID, f'anthropic-version: "{version}" is not a valid version')
    named = [value for name, value in request.headers if name == "anthropic-beta"]
    betas = tuple(beta.strip() for value in named for beta in value.split(",") if beta.strip())
    for beta in betas:
        if not BETA.fullmatch(beta):
            raise Refused(Kind.INVALID, f"unexpected value `{beta}` for the `anthropic-beta` header")
    return Terms(version=version, betas=betas)
