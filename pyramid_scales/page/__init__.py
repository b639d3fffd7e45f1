"""A snapshot → HTML; pure. ``page`` leads, the templates hold every byte of markup."""
