"""Many workers' snapshots → one; pure. ``merge`` leads."""
