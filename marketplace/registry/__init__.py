"""What exists, who owns it, what burdens it, and what the law allows."""
