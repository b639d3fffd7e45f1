"""Counting requests: labels → series → words in memory. ``recorder`` leads."""
