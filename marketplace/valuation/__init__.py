"""What an asset may be worth, how wrong that may be, and why."""
