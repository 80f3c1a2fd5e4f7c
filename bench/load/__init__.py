"""The whole-proxy comparison: fastproxy beside nginx, and peers when they are installed."""
