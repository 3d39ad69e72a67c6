"""A sale from the first question to the last cent, over HTTP alone."""
