"""Double entry, append only: accounts, entries, statements."""
