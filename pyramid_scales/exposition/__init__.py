"""A snapshot → text for Prometheus and OpenMetrics; pure. ``exposition`` leads."""
