"""What recorded requests tell: rates, percentiles, sparklines; pure. ``figures`` leads."""
