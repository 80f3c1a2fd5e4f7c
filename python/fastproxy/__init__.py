"""fastproxy: an LLM API proxy that speaks every big dialect."""
