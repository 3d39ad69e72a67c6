"""The frame around the pages: home, dashboard, help."""
